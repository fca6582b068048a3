"""The paper's appendices: correctors and fixed points derived, the rule's graph and symmetry."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
