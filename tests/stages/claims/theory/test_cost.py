"""T1: the verdict can be any of the three."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from stages.claims.theory import cost
from stages.claims.verdict import CORRECTED, NOT, REPRODUCED
from stages.common import params
from stages.landscape import cost as stage
from tests.stages.claims.lanes import SECTION

COST = params.Cost(batch_size=10, depths=[1, 2, 4, 8, 16], widths=[4, 32])


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return stage.measure(COST)


def verdict(table: pd.DataFrame) -> str:
    return cost.judge(stage.headline(COST, table), SECTION).verdict


def grown(table: pd.DataFrame, name: str, values: np.ndarray) -> pd.DataFrame:
    """Return the table with other numbers for the ordinary rule."""
    return table.assign(**{name: table[name].where(table.rule == "modified", values)})


def test_linear_growth_refutes_the_claim(table: pd.DataFrame):
    found = cost.judge(stage.headline(COST, table), SECTION)
    assert found.verdict == NOT
    assert "to 16 layers; 40 of 40 counts equal the exact ones" in found.measured
    assert found.ours == "as depth^1.02; ordinary takes ×1.20 operations, ×2 bytes"


@pytest.mark.parametrize("name", stage.MEASURES)
def test_exponential_growth_would_reproduce_the_claim(table: pd.DataFrame, name: str):
    depth = table.depth.to_numpy(dtype=float)
    assert verdict(grown(table, name, 2.0**depth)) == REPRODUCED
    assert verdict(grown(table, name, depth * 1.3**depth)) == REPRODUCED


@pytest.mark.parametrize("name", stage.MEASURES)
def test_a_higher_power_would_correct_it(table: pd.DataFrame, name: str):
    squared = grown(table, name, table.depth.to_numpy(dtype=float) ** 2)
    found = cost.judge(stage.headline(COST, squared), SECTION)
    assert (found.verdict, found.measured) == (CORRECTED, "the numbers are in cost.json")


def test_one_width_that_explodes_is_enough(table: pd.DataFrame):
    wide = (table.rule == "ordinary") & (table.width == 32)
    assert verdict(table.assign(flops=table.flops.where(~wide, 3.0**table.depth))) == REPRODUCED


def test_the_ratios_are_those_of_the_widest_network():
    exponents: dict[str, Any] = {
        rule: {"width_9": {"flops": 1.0}} for rule in ("modified", "ordinary")
    }
    ratios = {
        f"width_{width}": {"flops_ratio": width, "saved_bytes_ratio": 2} for width in (9, 1024, 64)
    }
    found = {
        "exponents": exponents,
        "exponents_before": exponents,
        "ordinary_over_modified": ratios,
    }
    found |= {"largest_depth": 16, "counts": 40, "counts_equal_to_exact": 40}
    assert "×1024.00 operations" in cost.judge(found, SECTION).ours
