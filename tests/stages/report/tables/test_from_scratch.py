"""Networks that are trained from the start as one map, for readers."""

import pandas as pd

from stages.common import params
from stages.report.tables.from_scratch import INTERVALS, from_scratch_table

TIGHT = {"weight": 0.6, "clamp": 1.5, "distance": "mse"}
WAY = {"rule": "modified", "weight": 0.2, "tightness": None, "matching": 0.3}
WAYS = {"a": WAY, "b": WAY | {"rule": "ign", "weight": 1.0, "tightness": TIGHT}}


def test_a_row_is_a_way_at_its_last_step():
    rows = pd.DataFrame(
        {"way": way, "seed": seed, "step": step, **dict.fromkeys(INTERVALS, value)}
        | {"absolute_error": value / 1000, "digits": 10 - seed}
        for way, first in (("a", 1.0), ("b", 3.0))
        for seed in (0, 1)
        for step, value in ((60, 20.0), (120, first * 4**seed))
    )
    ways = {name: params.Way.model_validate(way) for name, way in WAYS.items()}
    head, _, a, b = from_scratch_table(rows, ways, 10).strip().splitlines()
    assert head == (
        "| rule | f(z) | f(f(z)) | relative error on noise | reconstruction error | "
        "absolute error on noise | seeds with all digits |"
    )
    assert a.startswith("| modified, 0.2 | 2 [") and a.endswith("] | 0.002 | 1 of 2 |")
    assert b.startswith("| IGN, 1, tightness 0.6 | 6 [") and b.endswith("] | 0.006 | 1 of 2 |")
