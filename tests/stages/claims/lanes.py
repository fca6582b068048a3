"""Thresholds and lanes that the tests of several rules share."""

import math
from itertools import product

import pandas as pd

from stages.claims.sweeps.comparison import RULES
from stages.common import params
from stages.sweeps.aggregate import last_rows

SECTION = params.Claims(
    least_runs=3,
    least_effect=0.1,
    confidence=0.95,
    as_predicted_from=0.9,
    near_zero=1e-6,
    comparable=0.3,
    collapsed_below=1e-3,
    shrinks_from=0.5,
    least_steps=10,
    least_digits=10,
    projection_below=0.1,
    precision_factor=10.0,
    least_converging=0.5,
    equality_tolerance=1e-12,
    linear_exponent_tolerance=0.1,
    published_median={"B2": 1.05, "B3": 1.02},
    published_largest=1.15,
    holds_from=0.9,
    memorised_below=0.5,
    perfected_below=0.1,
    spread_from=0.5,
)


RATES = {"B1": (0.1, 0.5), "B2": (0.02, 1.0)}


WIDTH = 100  # of B2, so that 1 is 0.02 relabelled


Errors = dict[tuple[str, str, float], float]


def rows_of(
    rates: tuple[float, ...],
    errors: dict[tuple[str, float], float],
    runs: int = 3,
    relative: float = 0.1,
) -> pd.DataFrame:
    """Return lanes of initial error 1 and final error 0.5, but for those given by rule and rate."""
    rows = []
    for rule, rate, run in product(RULES, rates, range(runs)):
        final = errors.get((rule, rate), 0.5) * (1 + 0.01 * run)
        for step, error, spread in ((0, 1.0, 0.2), (10, final, 0.1)):
            lane = {"rule": rule, "learning_rate": rate, "run": run, "step": step}
            measured = {"absolute_error": error, "relative_error": relative, "loss": error}
            rows.append(lane | measured | {"output_spread": spread, "diverged": math.isinf(error)})
    return pd.DataFrame(rows)


def lanes_of(errors: Errors, runs: int = 3) -> dict[str, pd.DataFrame]:
    """Return the lanes of both networks."""
    return {
        network: last_rows(
            rows_of(
                rates, {(rule, r): e for (n, rule, r), e in errors.items() if n == network}, runs
            )
        )
        for network, rates in RATES.items()
    }
