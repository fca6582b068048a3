"""What the routes of all runs of a study come to: medians, shares, and ratios with intervals."""

from typing import Any

import numpy as np
import pandas as pd

from idem.landscape.trajectory import barrier
from stages.common import params
from stages.sweeps.aggregate import student_interval

SPACES = ("parameters", "function")
MEASURES = {"routes": "off_route", "ends": "apart"}


def gradient_angles(rows: pd.DataFrame) -> dict[str, float]:
    """Return medians over runs of the cosines at the start, and over the routes after it."""
    start, later = rows[rows.step == 0], rows[rows.step > 0]
    found = {
        "cosine_at_start": start.cosine_of_rules.median(),
        "cosine_of_weights_at_start": start.cosine_of_weights.median(),
        "cosine_of_biases_at_start": start.cosine_of_biases.median(),
        "cosine_of_two_batches_at_start": start.cosine_of_batches.median(),
        "bias_share_modified_at_start": start.bias_share_modified.median(),
        "bias_share_ordinary_at_start": start.bias_share_ordinary.median(),
        "norm_ratio_at_start": 10 ** start.log10_norm_ratio.median(),
    }
    for rule, of_rule in later.groupby("rule"):
        found |= {
            f"cosine_along_{rule}": of_rule.cosine_of_rules.median(),
            f"lowest_cosine_along_{rule}": of_rule.groupby("step").cosine_of_rules.median().min(),
            f"cosine_of_two_batches_along_{rule}": of_rule.cosine_of_batches.median(),
            f"cosine_towards_ordinary_end_along_{rule}": (
                of_rule.cosine_towards_ordinary_end.median()
            ),
        }
    return found


def distances(section: params.Trajectory, rows: pd.DataFrame) -> dict[str, Any]:
    """Return for either space and measure the medians, and the ratio to the control with limits.

    The control of a run is the largest over rules and kinds of control.
    """
    found: dict[str, Any] = {}
    last = rows.step.max()
    for space in SPACES:
        for measure_, column in MEASURES.items():
            chosen = rows[rows.step > 0] if measure_ == "routes" else rows[rows.step == last]
            start = f"{space}_{column}_"
            names = [name for name in chosen if str(name).startswith(start)]
            by_rule = chosen.groupby(["run", "rule"])[names].mean()
            by_rule = by_rule.rename(columns=lambda name, start=start: name.removeprefix(start))
            between = by_rule.rules.groupby("run").mean()
            kinds = by_rule.drop(columns="rules").groupby("run").max().dropna(axis=1)
            control = kinds.max(axis=1)
            found[f"{space}_{measure_}"] = {
                "between_rules": float(between.median()),
                "controls": {str(kind): float(kinds[kind].median()) for kind in kinds},
                "control": float(control.median()),
            } | ratio(section, np.log10(between / control).to_numpy())
    return found


def ratio(section: params.Trajectory, log_ratios: np.ndarray) -> dict[str, float]:
    """Return mean and limits of log10 of a ratio by run; a single run has no interval."""
    low, high = student_interval(log_ratios, section.confidence)
    return {"log10_ratio": float(log_ratios.mean()), "low": low, "high": high}


def shares_in_plane(rows: pd.DataFrame) -> dict[str, float]:
    """Return which share of the squared displacement lies in the plane: median, and least."""
    inside = rows[(rows.step > 0) & (rows.step < rows.step.max())].share_in_plane
    return {"median": float(inside.median()), "least": float(inside.min())}


def barriers(section: params.Trajectory, lines: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return by pair of solutions the barrier in units of the loss at the start, over runs."""
    found = {}
    for pair, rows in lines.groupby("pair", sort=False):
        losses = rows.sort_values("share").groupby("run").loss_in_start_losses
        heights = losses.agg(lambda of_run: barrier(of_run.tolist()))
        found[str(pair)] = {
            "median": float(heights.median()),
            "highest": float(heights.max()),
            "share_of_runs_with_one": float((heights > section.least_barrier).mean()),
        }
    return found


def solutions(
    section: params.Trajectory, ends: pd.DataFrame, trace: pd.DataFrame
) -> dict[str, float]:
    """Return what the solutions of one rule are, medians over runs but for shares and means."""
    start = trace[trace.step == 0]
    medians = [
        "loss",
        "relative_error",
        "spread_share",
        "jacobian_norm",
        "effective_rank",
        "distance_from_projector",
        "amplification_parameters",
        "amplification_function",
    ]
    means = ["jacobian_trace", "fixed_dimension", "fixed_share_of_outputs", "fixed_share_of_inputs"]
    found = {name: float(ends[name].median()) for name in medians}
    found |= {name: float(ends[name].mean()) for name in means}
    return found | {
        "constant_runs": int((ends.spread_share < section.constant_below).sum()),
        "distance_from_projector_at_start": float(start.distance_from_projector.median()),
        "effective_rank_at_start": float(start.effective_rank.median()),
    }
