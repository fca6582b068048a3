"""Which runs of a sweep that may have been cut count."""

import math
from pathlib import Path

import pandas as pd
import pytest

from stages.claims.by_network.lanes import complete_runs, from_edge, on_fresh_batches, replayed
from stages.claims.sweeps.comparison import RULES
from stages.common import params
from tests.stages.claims.lanes import rows_of

RATES = (0.02, 1.0)  # the second is B2's first relabelled
NETWORK = params.Network(
    widths=[100, 7, 100], learning_rates=list(RATES), runs=3, steps=10, log_every=10
)


def without(rows: pd.DataFrame, rule: str, run: int, rate: float) -> pd.DataFrame:
    """Return the rows less the last of one lane, as if it had not got there yet."""
    lane = (rows.rule == rule) & (rows.run == run) & (rows.learning_rate == rate)
    return rows[~(lane & (rows.step == 10))]


def runs_of(folder: Path, rows: pd.DataFrame, name: str = "sweep_B2_so_far") -> list[int]:
    rows.to_csv(folder / f"{name}.csv", index=False)
    return sorted(set(complete_runs(folder, "B2", NETWORK).run))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("rate", RATES)
def test_a_run_with_one_lane_on_its_way_is_left_out_under_both_rules(
    tmp_path: Path, rule: str, rate: float
):
    rows = rows_of(RATES, {})
    assert runs_of(tmp_path, rows) == [0, 1, 2]
    assert runs_of(tmp_path, without(rows, rule, 1, rate)) == [0, 2]
    lanes = complete_runs(tmp_path, "B2", NETWORK)
    assert len(lanes) == 2 * 2 * len(RATES)
    assert (lanes.step == 10).all()


def test_a_run_that_one_rule_or_rate_has_not_begun_is_left_out(tmp_path: Path):
    rows = rows_of(RATES, {})
    for missing in (rows.rule == "ordinary", rows.learning_rate == 1.0):
        assert runs_of(tmp_path, rows[~(missing & (rows.run == 2))]) == [0, 1]


def test_a_lane_that_diverged_early_is_complete(tmp_path: Path):
    rows = rows_of(RATES, {("modified", 1.0): math.inf})
    rows.loc[rows.diverged, "step"] = 3
    assert runs_of(tmp_path, rows) == [0, 1, 2]
    rows.loc[rows.diverged, "diverged"] = False
    assert runs_of(tmp_path, rows) == []


def test_rates_are_recognised_as_tables_hold_them(tmp_path: Path):
    network = NETWORK.model_copy(update={"learning_rates": [0.02, 1 / 3]})
    rows_of((0.02, 0.333333), {}).to_csv(tmp_path / "sweep_B2.csv", index=False)
    assert complete_runs(tmp_path, "B2", network).run.nunique() == 3


def test_a_whole_sweep_counts_before_one_on_its_way(tmp_path: Path):
    rows = rows_of(RATES, {})
    assert runs_of(tmp_path, rows[rows.run == 0]) == [0]
    assert runs_of(tmp_path, rows, "sweep_B2") == [0, 1, 2]


def test_where_nothing_is_known_there_is_no_run(tmp_path: Path):
    assert complete_runs(tmp_path, "B2", NETWORK).empty
    (tmp_path / "sweep_B2_so_far.csv").write_text("\n")
    assert complete_runs(tmp_path, "B2", NETWORK).empty


def test_published_lines_count_by_their_own_rates(tmp_path: Path):
    lines = params.Lines(
        learning_rates={"modified": [0.22], "ordinary": [0.22, 1.42]}, runs=3, steps=10
    )
    rows = rows_of((0.22, 1.42), {}).assign(data="fixed")
    rows = rows[(rows.rule == "ordinary") | (rows.learning_rate == 0.22)]
    rows = rows.assign(label=rows.learning_rate)
    late = without(rows, "ordinary", 1, 1.42)
    for table, runs in ((rows, {0, 1, 2}), (late, {0, 2})):
        table.to_csv(tmp_path / "published_B2_so_far.csv", index=False)
        assert set(replayed(tmp_path, "B2", lines).run) == runs


def test_lanes_on_fresh_batches_count_one_by_one(tmp_path: Path):
    lines = params.Lines(
        learning_rates={"modified": [0.22, 0.37], "ordinary": [0.22]}, runs=3, steps=10
    )
    assert on_fresh_batches(tmp_path, "B3", lines).empty
    rows = rows_of((0.22, 0.37), {("modified", 0.37): math.inf})
    rows.loc[rows.diverged, "step"] = 3
    rows = without(
        rows[(rows.rule == "modified") | (rows.learning_rate == 0.22)], "ordinary", 1, 0.22
    )
    rows = rows.assign(label=rows.learning_rate)
    path = tmp_path / "published_B3_so_far.csv"
    rows.assign(data="fixed").to_csv(path, index=False)
    assert on_fresh_batches(tmp_path, "B3", lines).empty
    rows.assign(data="fresh").to_csv(path, index=False)
    found = on_fresh_batches(tmp_path, "B3", lines)
    places = sorted(zip(found.rule, found.learning_rate, found.run, strict=True))
    modified = [("modified", rate, run) for rate in (0.22, 0.37) for run in range(3)]
    assert places == [*modified, ("ordinary", 0.22, 0), ("ordinary", 0.22, 2)], "one is on its way"


def test_lanes_from_the_edge_on_are_the_modified_rules_that_ended_of_any_run(tmp_path: Path):
    lines = params.Lines(
        learning_rates={"modified": [0.07, 0.22, 0.37], "ordinary": [0.22]}, runs=3, steps=10
    )
    rows = rows_of((0.07, 0.22, 0.37), {})
    rows = without(without(rows, "modified", 1, 0.22), "modified", 2, 0.22)
    fixed = rows.assign(data="fixed", label=rows.learning_rate)
    fresh = fixed.assign(data="fresh", run=fixed.run + 5)
    path = tmp_path / "published_B3_so_far.csv"
    pd.concat([fixed, fresh]).to_csv(path, index=False)
    found = from_edge(tmp_path, "B3", lines, 0.22)
    assert set(found.rule) == {"modified"}
    places = zip(found.learning_rate, found.run, strict=True)
    assert sorted(places) == [(0.22, 0), (0.37, 0), (0.37, 1), (0.37, 2)]
    fixed[fixed.label < 0.3].to_csv(path, index=False)
    assert from_edge(tmp_path, "B3", lines, 0.22).empty, "nothing at one of the labels"
    fixed.to_csv(path, index=False)
    for edge in (0.37, 0.3):  # none above; not a label
        assert from_edge(tmp_path, "B3", lines, edge).empty
    fresh.to_csv(path, index=False)
    assert from_edge(tmp_path, "B3", lines, 0.22).empty
    assert set(from_edge(tmp_path, "B3", lines, 0.22, "fresh").run) == {5, 6, 7}
    assert from_edge(tmp_path, "B4", lines, 0.22).empty
