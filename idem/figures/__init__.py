"""The paper's figures and those it lacks: tables in, matplotlib figures out; nothing computed."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
