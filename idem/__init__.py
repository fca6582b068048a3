"""Idempotent networks and projectors.

The public names are loaded when they are first used, so that ``import idem`` costs nothing and a
program pays only for the modules it reaches.
"""

import importlib
from typing import Any

_PUBLIC = {
    "autograd": ["output_gradient", "substitute_gradient"],
    "classifier": ["Classifier"],
    "corrector": [
        "matrix_residual",
        "recurrence",
        "relaxed_step",
    ],
    "metrics": [
        "absolute_error",
        "displacement",
        "output_spread",
        "power_drift",
        "relative_error",
    ],
    "mlp": ["MLP", "paper_network", "parameter_count"],
    "noise": ["FourierNoise", "GaussianNoise"],
    "objectives": ["idempotency_loss"],
    "projection": ["Projection", "ProjectionError", "project"],
    "samples": ["class_shares", "frechet_distance", "pairwise_distance", "share_entropy"],
    "sweep": ["Grid", "train_lanes"],
    "udcgan": ["UDCGAN"],
}
_HOME = {name: module for module, names in _PUBLIC.items() for name in names}

__all__ = sorted(_HOME)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'idem' has no attribute {name!r}")
    return getattr(importlib.import_module(f"idem.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
