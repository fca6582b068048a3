"""What either rule made of a trained denoiser, for readers."""

import math

import pandas as pd

from stages.report.tables.perfect import perfect_table


def rows() -> pd.DataFrame:
    names = ["rule", "task", "learning_rate", "relative_error", "psnr_once", "spread"]
    of_seed = [
        ("before", math.nan, math.nan, 0.25, 21.0, 0.4),
        ("ordinary", 0.0, 1e-5, 0.2, 21.5, 0.4),
        ("ordinary", 0.0, 1e-4, 0.1, 16.0, 0.2),
        ("modified", 0.0, 1e-4, math.inf, 10.0, 0.1),
        ("modified", 1.0, 1e-4, 0.15, 21.0, 0.4),
        ("none", 1.0, 1e-3, 0.3, 22.0, 0.4),
    ]
    found = pd.DataFrame(of_seed, columns=names)
    return pd.concat([found.assign(seed=seed) for seed in range(3)])


def test_the_least_error_stands_beside_the_least_that_costs_nothing():
    head, _, *found = perfect_table(rows()).splitlines()
    assert head.startswith("| trained on with | rates tried | relative error | at rate |")
    assert found == [
        "| (nothing: the denoiser) | – | 0.250 | – | 21.0 | 1 | – |",
        "| modified alone | 0.0001 | inf | 0.0001 | 10.0 | 0.25 | – |",
        "| ordinary alone | 1e-05 to 0.0001 | 0.100 | 0.0001 | 16.0 | 0.50 | 0.200 at 1e-05 |",
        "| its task and modified | 0.0001 | 0.150 | 0.0001 | 21.0 | 1.00 | 0.150 at 0.0001 |",
        "| its task alone | 0.001 | 0.300 | 0.001 | 22.0 | 1.00 | 0.300 at 0.001 |",
    ]
