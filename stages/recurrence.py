"""The recurrence on matrices: followed step by step, and its limits on random ensembles."""

import math
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from idem import corrector
from stages import params, spectra


def cells(section: params.Linear) -> list[tuple[float, float, str, float]]:
    """Return (norm, gap, dtype, gamma): all dtypes at gamma 1, all gammas for symmetric float64."""
    norms, dtypes = [1.0, *section.norms], [*section.dtypes, "float64"]
    full = product(norms, section.gaps, dtypes, [1.0])
    relaxed = product([1.0], section.gaps, ["float64"], section.gammas)
    return list(dict.fromkeys([*full, *relaxed]))


def follow(
    section: params.Linear, norm: float, gap: float, dtype: str, gamma: float
) -> pd.DataFrame:
    """Run one cell's matrices and return a row a logged step and run.

    The residual and the distance are taken in float64 of the matrices as they are in their dtype;
    the projector to compare with is that of the first one, so rounding K₀ counts as no error.
    """
    K = spectra.with_gap(section.size, gap, norm, section.runs, section.seed)
    K = K.to(getattr(torch, dtype))
    exact = spectra.exact_projector(K)
    first_trace, rows = trace_of(K.double()), []
    last = horizon(gap, gamma)
    every = math.ceil(0.5 / gamma)
    for step in range(last + 1):
        if step % every == 0 or step == last:
            wide = K.double()
            columns = {
                "residual": corrector.matrix_residual(wide, relative=True),
                "distance": norm_of(wide - exact) / norm_of(exact).clamp(min=1),
                "trace": trace_of(wide),
                "trace_drift": trace_of(wide) - first_trace,
            }
            frame = pd.DataFrame({name: values.numpy() for name, values in columns.items()})
            rows.append(frame.assign(run=range(len(K)), step=step))
        K = corrector.relaxed_step(K, gamma)
    cell = {"norm": norm, "gap": gap, "dtype": dtype, "gamma": gamma}
    table = pd.concat(rows).assign(exact_rank=np.tile(trace_of(exact).round(), len(rows)), **cell)
    order = [*cell, "run", "step", "residual", "distance", "trace", "trace_drift", "exact_rank"]
    return table[order].sort_values(["run", "step"]).replace([np.inf, -np.inf], np.nan)


def horizon(gap: float, gamma: float) -> int:
    """Return steps enough to leave 1/2 by a factor 1 + gamma/2 each and to settle in float64."""
    leave = math.log(0.5 / gap) / math.log1p(gamma / 2)
    settle = 8 if gamma == 1 else math.log(2**-52) / math.log(abs(1 - gamma))
    return math.ceil(1.2 * (leave + settle)) + 4


def summary(steps: pd.DataFrame) -> pd.DataFrame:
    """Return a row a run: floor, steps to it, order of convergence, distance, rank."""
    keys = ["norm", "gap", "dtype", "gamma", "run"]
    return pd.DataFrame(
        [
            dict(zip(keys, key, strict=True)) | _run(run)
            for key, run in steps.groupby(keys, sort=False)
        ]
    )


def _run(run: pd.DataFrame) -> dict[str, Any]:
    end, residual = run.iloc[-1], run["residual"].to_numpy()
    finite = bool(np.isfinite(end["residual"]))
    floor = float(np.nanmin(residual))
    rank = round(end["trace"]) if finite else -1
    return {
        "finite": finite,
        "steps_to_floor": int(run["step"].to_numpy()[np.nanargmax(residual <= 2 * floor)]),
        "order": order_of_convergence(residual, floor),
        "log10_floor": log10_of(floor) if finite else math.nan,
        "log10_distance": log10_of(end["distance"]),
        "rank": rank,
        "exact_rank": int(end["exact_rank"]),
        "trace_drift": end["trace_drift"],
    }


def order_of_convergence(residual: np.ndarray, floor: float) -> float:
    """Estimate p in r' = c r^p from the last three residuals well above the floor."""
    for k in range(len(residual) - 2, 0, -1):
        before, here, after = residual[k - 1 : k + 2]
        if after > 100 * floor and after < here < before < 0.1:
            return math.log(after / here) / math.log(here / before)
    return math.nan


def random_matrices(section: params.Linear) -> pd.DataFrame:
    """Project Ginibre matrices, and projectors of half rank with such noise: a row a matrix."""
    draw = torch.Generator().manual_seed(section.seed)
    count, size, tables = section.ensemble_count, section.size, []
    for scale in section.ensemble_scales:
        noise = spectra.gaussian(count, size, scale, draw)
        projectors = spectra.orthogonal_projectors(count, size, size // 2, draw)
        for ensemble, K in (("ginibre", noise), ("near_idempotent", projectors + noise)):
            found = corrector.project(K, strict=False)
            columns = {
                "ensemble": ensemble,
                "scale": scale,
                "index": range(count),
                "converged": found.rank >= 0,
                "steps": found.steps,
                "rank": found.rank,
                "trace_before": trace_of(K),
                "residual": found.residual,
            }
            tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def shares(ensembles: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return, for each ensemble, the share that converges with its 95 % interval, and the ranks."""
    return {
        f"{ensemble}_{scale:g}": {
            "converging": float(group["converged"].mean()),
            "interval": list(_wilson(int(group["converged"].sum()), len(group))),
            "mean_rank": float(group.loc[group["converged"], "rank"].mean()),
            "mean_trace_before": float(group["trace_before"].mean()),
        }
        for (ensemble, scale), group in ensembles.groupby(["ensemble", "scale"], sort=False)
    }


def _wilson(successes: int, count: int) -> tuple[float, float]:
    z, share = 1.959963984540054, successes / count
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = math.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2) * z / (1 + z**2 / count)
    return max(0.0, centre - half), min(1.0, centre + half)


def norm_of(K: Tensor) -> Tensor:
    """Return the Frobenius norm, (...)."""
    return torch.linalg.matrix_norm(K)


def trace_of(K: Tensor) -> Tensor:
    """Return the trace, (...)."""
    return K.diagonal(dim1=-2, dim2=-1).sum(-1)


def log10_of(value: float) -> float:
    """Return log10, where 0 (nothing but exact equality left) counts as the smallest double."""
    return math.log10(max(value, 2.0**-1074)) if math.isfinite(value) else math.nan
