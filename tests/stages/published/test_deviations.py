"""The table of readings, on curves that are our own lines under one of them."""

import json
import math

import pandas as pd
import pytest

from stages.common import params
from stages.published import deviations
from stages.published.experiments import readings
from tests import ROOT

LINES = {"learning_rates": {"modified": [0.2, 0.4], "ordinary": [0.3]}, "runs": 2, "steps": 20}
LOGGED = [5, 10, 20]


@pytest.fixture(scope="module")
def settings() -> params.Paper:
    found = params.read(ROOT / "stages/pipelines/paper/params.yaml", params.Paper)
    section, published = found.readings, found.published
    lines = type(section.networks["B2"])(**LINES)
    first = next(iter(section.widths))
    wider = type(section.widths[first])(networks={"B1": [7, 6, 7]}, fitted=True)
    widths = {first: section.widths[first], "wider": wider}
    return found.model_copy(
        update={
            "readings": section.model_copy(update={"networks": {"B1": lines}, "widths": widths}),
            "published": published.model_copy(update={"log_at": LOGGED}),
            "sweep": found.sweep.model_copy(update={"batch_size": 20}),
        }
    )


@pytest.fixture(scope="module")
def rows(settings: params.Paper) -> pd.DataFrame:
    found = []
    plan, units = deviations.plan(settings), iter(deviations.plan(settings).units)
    for place, grid in deviations.grids(settings, "B1").items():
        for _ in grid.units():
            of_unit = plan.function(*next(units).arguments, None)
            found += [{"network": "B1"} | place._asdict() | row for row in of_unit]
    return pd.DataFrame(found)


def printed(lines: pd.DataFrame, reading: str) -> pd.DataFrame:
    own = lines[lines.reading == reading]
    columns = {"label": "learning_rate", "ours": "error"}
    curves = own[["network", "rule", "label", "epoch", "ours"]].rename(columns=columns)
    return curves.assign(uncertainty=0.001)


@pytest.fixture(scope="module")
def lines(settings: params.Paper, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the lines of all readings beside curves that are all 1."""
    labels = [(rule, r) for rule, of in LINES["learning_rates"].items() for r in of]
    flat = [
        {"network": "B1", "rule": rule, "learning_rate": label, "epoch": epoch}
        | {"error": 1.0, "uncertainty": 0.001}
        for rule, label in labels
        for epoch in (0, *LOGGED)
    ]
    return deviations.compared(settings, rows, pd.DataFrame(flat))


def against(lines: pd.DataFrame, reading: str) -> pd.DataFrame:
    """Return the lines beside curves that are those of one reading."""
    place = ["network", "rule", "label", "epoch"]
    theirs = lines[lines.reading == reading].set_index(place).ours.rename("theirs")
    table = lines.drop(columns="theirs").join(theirs, on=place)
    return table.assign(ratio=table.ours / table.theirs)


def test_lines_are_put_beside_the_curves_of_the_same_label(settings, rows, lines):
    table = deviations.compared(settings, rows, printed(lines, "data: fresh"))
    pd.testing.assert_frame_equal(table, against(lines, "data: fresh"), check_like=True)


@pytest.mark.parametrize(
    "reading", ["base", "data: fresh", "start: lecun_normal", "modified label: elements, half"]
)
def test_a_reading_that_made_the_curves_is_the_nearest(settings, lines, reading: str):
    table = deviations.deviations(against(lines, reading), settings.readings)
    found = deviations.headline(table)
    assert found["nearest"]["reading"] == reading
    assert found["nearest"]["largest_deviation"] == pytest.approx(1)
    assert found["second"]["largest_deviation"] > 1.01


def test_the_second_batch_is_the_new_inputs(rows, lines):
    at = lines[(lines.reading == "measured on: second") & (lines.epoch == 20)]
    plain = rows[(rows.data == "fixed") & (rows.start == "default") & (rows.widths == "table_1")]
    plain = plain[plain.step == 20]
    for row in at.itertuples():
        lane = plain[(plain.rule == row.rule) & (plain.learning_rate == row.learning_rate)]
        assert row.ours == pytest.approx(lane.new_absolute_error.mean())
    assert at.low.isna().all() and at.high.isna().all()


def test_on_the_trained_batch_lines_have_intervals(lines):
    base = lines[(lines.reading == "base") & (lines.runs > 1)]
    assert len(base) and ((base.low < base.ours) & (base.ours < base.high)).all()


def test_a_line_of_which_a_run_diverged_is_infinitely_far(settings, rows, lines):
    last = (rows.step == 20) & (rows.run == 0) & (rows.data == "fresh")
    table = deviations.compared(settings, rows[~last], printed(lines, "base"))
    there = table[(table.reading == "data: fresh")].set_index("epoch")
    assert (there.ratio[20] == math.inf).all()
    assert there.ratio[10].notna().all()


@pytest.mark.parametrize("reading", ["start: biases_0.7", "widths: wider"])
def test_what_was_fitted_is_no_candidate(settings, lines, reading: str):
    table = deviations.deviations(against(lines, reading), settings.readings)
    found = deviations.headline(table)
    assert found["fitted"][reading.partition(": ")[2]]["median_deviation"] == pytest.approx(1)
    assert found["nearest"]["reading"] != reading


def test_the_nearest_widths_are_those_of_the_least_median(settings, lines):
    table = deviations.deviations(against(lines, "widths: wider"), settings.readings)
    assert deviations.nearest_widths(table) == "wider"
    more = table[table.value == "wider"].assign(value="nearer", median_deviation=0.5)
    assert deviations.nearest_widths(pd.concat([table, more], ignore_index=True)) == "nearer"
    assert deviations.nearest_widths(table[table.changed != "widths"]) is None


def test_other_widths_have_lanes_and_rates_of_their_own(settings, rows, lines):
    wider, base = (lines[lines.reading == name] for name in ("widths: wider", "base"))
    for of, n in ((wider, 7), (base, 5)):
        ordinary, modified = (of[of.rule == rule] for rule in ("ordinary", "modified"))
        assert ordinary.learning_rate.to_numpy() == pytest.approx(ordinary.label * 2 / n)
        assert (modified.learning_rate == modified.label).all()
    assert not set(wider.ours) & set(base.ours)
    labels = {unit.label for unit in deviations.plan(settings).units}
    assert any(label.startswith("readings_B1_fixed_default_wider_") for label in labels)
    assert not any("table_1" in label for label in labels), "units of before are taken as they are"


def test_the_stage_writes_lines_table_and_headline(
    settings, lines, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(params, "read", lambda *_: settings)
    monkeypatch.setattr(deviations, "read_errors", lambda: printed(lines, "base"))
    monkeypatch.setattr("sys.argv", ["deviations", "--metrics", str(tmp_path)])
    monkeypatch.setenv("IDEM_WORKERS", "1")
    monkeypatch.chdir(tmp_path)
    deviations.main()
    table = pd.read_csv(tmp_path / "readings.csv")
    assert len(table) == len(readings(settings.readings)) * 4  # all, B1, and B1 by rule
    assert table.points.max() == 9
    assert json.loads((tmp_path / "readings.json").read_text())["nearest"]["reading"] == "base"
    assert len(pd.read_csv(tmp_path / "readings_lines.csv")) == 9 * len(readings(settings.readings))
