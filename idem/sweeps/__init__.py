"""The paper's networks B1 to B4, trained at many learning rates at once (section 3)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
