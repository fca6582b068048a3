"""The recurrence on families of matrices, case by case, and its limits on random ensembles."""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy import stats
from torch import Tensor

from idem.linear import convergence, gallery
from idem.linear.riesz import exact_projector
from idem.rule.corrector import trace
from stages.common import params

Draw = Callable[[int, int, float, torch.Generator], Tensor]

JORDAN_BLOCK = 4


@dataclass(frozen=True)
class Case:
    """One family of matrices under the recurrence in one precision."""

    family: str
    size: int
    gap: float
    dtype: str
    gamma: float


def families(section: params.Linear) -> dict[str, Draw]:
    """Return how to draw `count` matrices of a size and a gap, by the name of the family."""
    oblique = {
        f"oblique_{norm:g}": lambda count, size, gap, draw, norm=norm: gallery.oblique(
            count, size, gap, norm, draw
        )
        for norm in section.norms
    }
    return oblique | {
        "symmetric": lambda count, size, gap, draw: gallery.oblique(count, size, gap, 1.0, draw),
        "normal": gallery.normal,
        "jordan": lambda count, size, gap, draw: gallery.jordan(count, size, JORDAN_BLOCK, draw),
        "low_rank": lambda count, size, gap, draw: gallery.near_idempotent(
            count, size, max(1, size // 32), section.low_rank_noise, draw
        ),
    }


def cases(section: params.Linear) -> Iterator[Case]:
    """Yield every family at every gap it has, then precisions, step sizes and sizes in turn."""
    size, middle = section.size, section.gaps[len(section.gaps) // 2]
    skewed = [f"oblique_{norm:g}" for norm in section.norms]
    for family, gap in product(["symmetric", *skewed], section.gaps):
        yield Case(family, size, gap, "float64", 1.0)
    for radius in section.normal_radii:
        yield Case("normal", size, 0.5 - radius, "complex128", 1.0)
    for family in ("jordan", "low_rank"):
        yield Case(family, size, 0.5, "float64", 1.0)
    for dtype in section.dtypes:
        if dtype == "complex64":
            yield Case("normal", size, 0.5 - section.normal_radii[0], dtype, 1.0)
        elif dtype not in ("float64", "complex128"):
            yield Case("symmetric", size, middle, dtype, 1.0)
            yield Case(skewed[0], size, middle, dtype, 1.0)
    for gamma in section.gammas:
        if gamma != 1:
            yield Case("symmetric", size, middle, "float64", gamma)
    for family, larger in product(["symmetric", skewed[0]], section.larger_sizes):
        yield Case(family, larger, middle, "float64", 1.0)


def study(section: params.Linear, case: Case) -> pd.DataFrame:
    """Run a case's matrices and return a row a matrix: what it took, and where it ended."""
    draw = torch.Generator().manual_seed(section.seed)
    runs = section.runs if case.size <= section.size else 1
    K = families(section)[case.family](runs, case.size, case.gap, draw)
    K = K.to(getattr(torch, case.dtype))
    P = exact_projector(K)
    steps = convergence.horizon(min(case.gap, 0.1), case.gamma)
    history = convergence.follow(K, P, case.gamma, steps)
    ranks = trace(P).real.round().long().tolist()
    rows = [
        asdict(case) | {"run": run, "exact_rank": rank} | _measures(history, run)
        for run, rank in enumerate(ranks)
    ]
    return pd.DataFrame(rows)


def _measures(history: convergence.History, run: int) -> dict[str, Any]:
    residual, distance, moved, sum_ = (values[:, run] for values in history)
    floor, steps = convergence.floor_and_steps(residual)
    settled = bool(np.isfinite(residual[-1]) and residual[-1] < 0.1)
    return {
        "settled": settled,
        "steps": steps if settled else -1,
        "products": 2 * steps if settled else -1,
        "order": convergence.order_of_convergence(residual, floor),
        "log10_floor": log10_of(floor) if settled else math.nan,
        "log10_distance": log10_of(float(distance[-1])) if settled else math.nan,
        "moved": float(moved[-1]) if settled else math.nan,
        "rank": round(sum_[-1]) if settled else -1,
        "trace_drift": float(sum_[-1] - sum_[0]) if settled else math.nan,
    }


def by_case(runs: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return the medians of every case, for `dvc metrics diff`."""
    keys = ["family", "size", "gap", "dtype", "gamma"]
    numbers = ["steps", "log10_floor", "log10_distance", "moved", "trace_drift"]
    return {
        f"{family}_{size}_gap_{gap:g}_{dtype}_gamma_{gamma:g}": {
            "share_of_right_rank": float((case["rank"] == case["exact_rank"]).mean()),
            **case.loc[case["settled"], numbers].median().to_dict(),
        }
        for (family, size, gap, dtype, gamma), case in runs.groupby(keys, sort=False)
    }


def random_matrices(section: params.Linear) -> pd.DataFrame:
    """Follow Ginibre matrices, and projectors of half rank with such noise: a row a matrix."""
    draw = torch.Generator().manual_seed(section.seed)
    count, size, tables = section.ensemble_count, section.size, []
    for scale in section.ensemble_scales:
        for ensemble, K in (
            ("ginibre", gallery.ginibre(count, size, scale, draw)),
            ("near_idempotent", gallery.near_idempotent(count, size, size // 2, scale, draw)),
        ):
            found = convergence.limits(K, convergence.horizon(1e-6, 1.0))
            columns = {name: values.numpy() for name, values in found._asdict().items()}
            keys = {"ensemble": ensemble, "scale": scale, "index": range(count)}
            tables.append(pd.DataFrame(keys | columns | {"trace_before": trace(K).numpy()}))
    return pd.concat(tables, ignore_index=True)


def shares(ensembles: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return, for each ensemble, the share that converges with its 95 % interval, and the ranks."""
    found = {}
    for (ensemble, scale), group in ensembles.groupby(["ensemble", "scale"], sort=False):
        converged = group["converged"]
        interval = stats.binomtest(int(converged.sum()), len(group)).proportion_ci(method="wilson")
        found[f"{ensemble}_{scale:g}"] = {
            "converging": float(converged.mean()),
            "interval": [round(float(interval.low), 12), float(interval.high)],
            "mean_rank": float(group.loc[converged, "rank"].mean()),
            "mean_trace_before": float(group["trace_before"].mean()),
        }
    return found


def log10_of(value: float) -> float:
    """Return log10, where 0 (nothing but exact equality left) counts as the smallest double."""
    return math.log10(max(value, 2.0**-1074)) if math.isfinite(value) else math.nan
