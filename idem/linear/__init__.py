"""Idempotent matrices: basins and limits of the recurrence, and faster ways to the projector."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
