"""The loss landscape of both rules: routes, Jacobians, curvature, cost of a step (section 3)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
