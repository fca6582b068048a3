"""The control of stage stability: one linear layer near the zero map, where the theory is exact."""

from typing import Any

import pandas as pd
import torch
from torch import Tensor

from idem.landscape.curvature import fresh_batch_edge, marchenko_pastur_edge
from idem.sweeps.grid import seeded
from stages.common import params
from stages.landscape.brackets import between


def control(section: params.Stability) -> dict[str, Any]:
    """Return the edges of one linear layer near the zero map, predicted and measured.

    With a batch that is always the same, and with fresh ones. Either rule is y alone there, as f(y)
    is of second order.
    """
    given, x = section.control, _batch(section, 0)
    predicted = {
        "one_batch": 2 / float(torch.linalg.matrix_norm(x, 2) ** 2 / len(x)),
        "fresh_batches": fresh_batch_edge(given.width, given.batch_size),
    }
    found: dict[str, Any] = {
        "marchenko_pastur": marchenko_pastur_edge(given.width, given.batch_size)
    }
    rates = pd.Index(sorted(given.learning_rates))
    for kind, edge in predicted.items():
        stable = _growth(section, list(rates), kind == "fresh_batches") < 1
        low, high = between(rates, stable.numpy())
        found[kind] = {
            "predicted": edge,
            "largest_stable_rate": low,
            "lowest_unstable_rate": high,
        }
    return found


def _batch(section: params.Stability, step: int) -> Tensor:
    size = section.control.batch_size, section.control.width
    return torch.randn(size, generator=seeded(section.seed, step), dtype=torch.float64)


def _growth(section: params.Stability, rates: list[float], fresh: bool) -> Tensor:
    """Return what a training multiplies the norm of a row of W by, for every rate (rates,)."""
    n, B = section.control.width, section.control.batch_size
    rows = torch.full((len(rates), n), n**-0.5, dtype=torch.float64)
    eta = torch.tensor(rates, dtype=torch.float64)[:, None]
    for step in range(section.control.steps):
        x = _batch(section, step if fresh else 0)
        rows = rows - eta * (rows @ x.mT @ x) / B
    return rows.norm(dim=1)
