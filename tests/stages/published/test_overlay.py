import math

import pandas as pd

from stages.common import params
from stages.common.params.published import Widened
from stages.published.overlay import overlay
from tests import ROOT

READINGS = {"base": 1.0, "measured on: second": 2.0, "data: fresh": 3.0, "start: zero_biases": 9.0}


def lines_of() -> pd.DataFrame:
    of_line = {"network": "B3", "label": 0.22, "theirs": 1.0, "runs": 1}
    rows = [
        of_line
        | {"reading": name, "rule": rule, "epoch": epoch, "ours": ours + epoch}
        | {"low": ours + epoch - 0.1, "high": ours + epoch + 0.1}
        for name, ours in READINGS.items()
        for rule in ("modified", "ordinary")
        for epoch in (10, 25)
    ]
    lost = {"reading": "data: fresh", "rule": "modified", "epoch": 50, "ours": math.inf}
    table = pd.DataFrame([*rows, of_line | lost])
    return table.assign(ratio=table.ours / table.theirs)


def overlaid(lines: pd.DataFrame, widths: str | None = None) -> pd.DataFrame:
    """Return the overlay where the only other widths, ``96_inputs``, are of B3 alone."""
    committed = params.read(ROOT / "stages/pipelines/paper/params.yaml", params.Paper).readings
    known = {
        "paper": Widened(networks={}, fitted=False),
        "96_inputs": Widened(networks={"B3": [4, 2, 4]}, fitted=True),
    }
    return overlay(lines, widths, committed.model_copy(update={"widths": known}))


def test_a_line_of_the_base_has_its_error_on_new_inputs_beside_it():
    table = overlaid(lines_of())
    fixed, fresh = (table[table.data == data] for data in ("fixed", "fresh"))
    assert len(fixed) == 4
    assert (fixed.error == fixed.epoch + 1).all() and (fixed.ratio == fixed.error).all()
    assert (fixed.new_error == fixed.epoch + 2).all()
    assert ((fixed.low < fixed.error) & (fixed.error < fixed.high)).all()
    kept = fresh.dropna(subset="error")
    assert (kept.error == kept.epoch + 3).all()
    assert kept.epoch.tolist() == [10, 25, 10, 25], "a run that diverged has no error"


def test_other_widths_are_shown_where_they_change_a_network():
    lines = lines_of()
    base = lines[lines.reading == "base"]
    near, far = (base.assign(reading=f"widths: {name}") for name in ("96_inputs", "99_inputs"))
    near, far = (of.assign(ours=of.ours * by, ratio=by) for of, by in ((near, 1.02), (far, 0.9)))
    unchanged = [of.assign(network="B2") for of in (base, near, far)]
    table = overlaid(pd.concat([lines, far, near, *unchanged], ignore_index=True), "96_inputs")
    others = table[~table.data.isin(("fixed", "fresh"))]
    assert set(others.data) == {"96 inputs"} and set(others.network) == {"B3"}
    assert (others.ratio == 1.02).all() and len(others) == len(base)
