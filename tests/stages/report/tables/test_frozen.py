"""Networks that are trained on as one map, for readers."""

import pandas as pd

from stages.common import params
from stages.report.tables.frozen import HEAD, MEASURED, frozen_table

WAY = {"of": "modified", "rule": "modified", "weight": 0.3, "tightness": None, "matching": 0.3}
TIGHT = {"weight": 0.6, "clamp": 1.5, "distance": "mse"}
WAY |= {"noise": "covariance"}
WAYS = {
    "a": WAY,
    "b": WAY | {"rule": "none", "weight": 0.0, "matching": 0.0, "noise": "fourier"},
    "c": WAY | {"of": "ign", "rule": "ign", "weight": 1.0, "tightness": TIGHT},
}


def test_a_row_is_a_way_before_and_at_its_last_step():
    rows = pd.DataFrame(
        {"way": way, "seed": seed, "step": step, **dict.fromkeys(MEASURED, value)}
        | {"reconstruction_error": value / 1000}
        for way, first in (("a", 1.0), ("b", 3.0), ("c", 5.0))
        for seed in (0, 1)
        for step, value in ((0, 50.0), (60, 20.0), (120, first * 4**seed))
    )
    ways = {name: params.Freezing.model_validate(way) for name, way in WAYS.items()}
    head, _, a, b, c = frozen_table(rows, ways).strip().splitlines()
    assert head == "| " + " | ".join(HEAD) + " |"
    assert a.startswith("| our training | modified, 0.3 | 0.3 | 50 | 2 [")
    assert a.endswith("] | 0.002 |")
    assert b.startswith("| our training, its own noise | none | 0 | 50 | 6 [")
    assert c.startswith("| IGN | IGN, 1, tightness 0.6 | 0.3 | 50 | 10 [")
