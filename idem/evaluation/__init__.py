"""What is measured of an idempotent network: its errors, samples and codes (sections 3, 3.1)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
