"""Both rules at equal reconstruction: which one makes f more idempotent at the same price?

A rule's weight buys a lower idempotent error with a worse reconstruction, so that rules at one
weight each, or each at its own best, are compared at different prices. Trained at many weights, a
rule is a curve: the least error that any of its weights reaches at a reconstruction error of at
most r, between the weights a straight line in logarithms. Where the curves of both rules of one
seed and mode of BatchNorm overlap, they are compared at the same r, seed by seed.

A point that another one of the same rule beats in both is off the curve: nobody would choose it.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from stages.common.params import Model, Setting

RULES = ("modified", "ordinary")
MODES = {"train": "ema", "eval": "eval"}  # and how the columns of each begin
ERRORS = {  # on what images, and which error, by column
    ("noise", "relative"): "relative_error",
    ("noise", "absolute"): "absolute_error",
    ("data", "relative"): "valid_relative_error",
    ("data", "absolute"): "valid_absolute_error",
}
LEVELS = 5  # of reconstruction at which curves are compared


def points(
    rows: pd.DataFrame, tried: Mapping[str, Setting], models: Mapping[str, Model]
) -> pd.DataFrame:
    """Return the last measurement of every run.

    Args:
        rows: columns ``setting``, ``seed``, ``step`` and what a validation measures in both modes.
        tried: the settings by name.
        models: which they start from.

    Returns:
        Columns ``rule`` (``none`` for controls), ``weight``, ``seed``, ``mode``, ``images``,
        ``error`` (its kind), ``reconstruction`` and ``value``.
    """
    last = rows[rows.step == rows.groupby("setting").step.transform("max")]
    found = []
    for row in last.to_dict(orient="records"):
        setting = tried[row["setting"]]
        base = models[setting.of]
        weight = base.weight if setting.weight is None else setting.weight
        run = {"rule": setting.rule or base.rule, "weight": weight, "seed": row["seed"]}
        for mode, start in MODES.items():
            for (images, error), column in ERRORS.items():
                kind = {"mode": mode, "images": images, "error": error}
                kind["reconstruction"] = row[f"{start}_reconstruction_error"]
                found.append(run | kind | {"value": row[f"{start}_{column}"]})
    return pd.DataFrame(found)


def compared(points: pd.DataFrame) -> pd.DataFrame:
    """Return the errors of both rules at equal reconstruction, seed by seed.

    Levels lie evenly, in logarithms, where the curves of all seeds and both rules overlap, and are
    the same for all seeds.

    Args:
        points: as of `points`.

    Returns:
        Columns ``mode``, ``images``, ``error``, ``reconstruction``, ``seed``, ``modified`` and
        ``ordinary``; no rows where the curves do not overlap, or a rule has none.
    """
    found = []
    for kind, of_kind in points.groupby(["mode", "images", "error"], sort=False):
        curves = {
            key: curve(of_run.reconstruction.to_numpy(), of_run.value.to_numpy())
            for key, of_run in of_kind[of_kind.rule.isin(RULES)].groupby(["rule", "seed"])
        }
        if {rule for rule, _ in curves} != set(RULES):
            continue
        low = max(r[0] for r, _ in curves.values())
        high = min(r[-1] for r, _ in curves.values())
        for level in np.geomspace(low, high, LEVELS) if low < high else ():
            for seed in sorted({seed for _, seed in curves}):
                errors = {rule: at(curves[rule, seed], level) for rule in RULES}
                row = dict(zip(("mode", "images", "error"), kind, strict=True))
                found.append(row | {"reconstruction": level, "seed": seed} | errors)
    columns = ["mode", "images", "error", "reconstruction", "seed", *RULES]
    return pd.DataFrame(found, columns=columns)


def curve(reconstruction: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return reconstruction errors in order, and the least error of all that are as low or lower.

    Runs that broke off, whose numbers are not finite, are left out.

    Example:
        >>> curve(np.array([3.0, 1.0, 2.0]), np.array([2.0, 5.0, 6.0]))
        (array([1., 2., 3.]), array([5., 5., 2.]))
    """
    there = np.isfinite(reconstruction) & np.isfinite(error)
    order = np.argsort(reconstruction[there])
    return reconstruction[there][order], np.minimum.accumulate(error[there][order])


def at(curve: tuple[np.ndarray, np.ndarray], level: float) -> float:
    """Return the error at a reconstruction error, by a straight line between logarithms."""
    reconstruction, error = curve
    return float(np.exp(np.interp(np.log(level), np.log(reconstruction), np.log(error))))
