"""The ledger of the paper's scale: which runs count, and what is said where there are none."""

import json
import math
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest

from stages.claims import network_by_network
from stages.claims.comparison import RULES
from stages.claims.network_by_network import NETWORKS, NOT_RUN, Entry
from stages.claims.verdict import NOT, OPEN, REPRODUCED
from stages.common import params
from tests import ROOT
from tests.stages.claims.lanes import SECTION, rows_of
from tests.stages.claims.test_batch_sizes import case

RATES = (0.02, 1.0)  # the second is B2's first relabelled
NETWORK = params.Network(
    widths=[100, 7, 100], learning_rates=list(RATES), runs=3, steps=10, log_every=10
)


@pytest.fixture
def swept() -> params.Sweep:
    """Return the committed sweep of the paper's scale with every grid replaced by a small one."""
    section = params.read(ROOT / "stages/pipelines/paper/params.yaml", params.Paper).sweep
    return section.model_copy(update={"networks": dict.fromkeys(section.networks, NETWORK)})


def without(rows: pd.DataFrame, rule: str, run: int, rate: float) -> pd.DataFrame:
    """Return the rows less the last of one lane, as if it had not got there yet."""
    lane = (rows.rule == rule) & (rows.run == run) & (rows.learning_rate == rate)
    return rows[~(lane & (rows.step == 10))]


def runs_of(folder: Path, rows: pd.DataFrame, name: str = "sweep_B2_so_far") -> list[int]:
    rows.to_csv(folder / f"{name}.csv", index=False)
    return sorted(set(network_by_network.complete_runs(folder, "B2", NETWORK).run))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("rate", RATES)
def test_a_run_with_one_lane_on_its_way_is_left_out_under_both_rules(
    tmp_path: Path, rule: str, rate: float
):
    rows = rows_of(RATES, {})
    assert runs_of(tmp_path, rows) == [0, 1, 2]
    assert runs_of(tmp_path, without(rows, rule, 1, rate)) == [0, 2]
    lanes = network_by_network.complete_runs(tmp_path, "B2", NETWORK)
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
    assert network_by_network.complete_runs(tmp_path, "B2", network).run.nunique() == 3


def test_a_whole_sweep_counts_before_one_on_its_way(tmp_path: Path):
    rows = rows_of(RATES, {})
    assert runs_of(tmp_path, rows[rows.run == 0]) == [0]
    assert runs_of(tmp_path, rows, "sweep_B2") == [0, 1, 2]


def test_where_nothing_is_known_there_is_no_run(tmp_path: Path):
    assert network_by_network.complete_runs(tmp_path, "B2", NETWORK).empty
    (tmp_path / "sweep_B2_so_far.csv").write_text("\n")
    assert network_by_network.complete_runs(tmp_path, "B2", NETWORK).empty


def by_place(ledger: Iterable[Entry]) -> dict[tuple[str, str], Entry]:
    return {(entry.id, entry.network): entry for entry in ledger}


def test_without_any_sweep_all_is_not_run(tmp_path: Path, swept: params.Sweep):
    ledger = network_by_network.judge(tmp_path, swept, SECTION)
    places = [(claim, network) for claim, networks in NETWORKS.items() for network in networks]
    assert [(e.id, e.network) for e in ledger] == places
    assert {(e.runs, e.verdict, e.measured) for e in ledger} == {(0, NOT_RUN, "")}


def test_every_network_is_judged_by_its_own_runs(tmp_path: Path, swept: params.Sweep):
    better = {("modified", rate): 1e-7 for rate in RATES}
    rows_of(RATES, better).to_csv(tmp_path / "sweep_B1.csv", index=False)
    rows = rows_of(RATES, {})
    rows[rows.run < 2].to_csv(tmp_path / "sweep_B2_so_far.csv", index=False)
    found = by_place(network_by_network.judge(tmp_path, swept, SECTION))
    assert (found["T3", "B1"].verdict, found["T3", "B1"].runs) == (REPRODUCED, 3)
    assert found["T6", "B1"].verdict == REPRODUCED
    for claim in ("T3", "T4"):
        entry = found[claim, "B2"]
        assert (entry.verdict, entry.runs) == (f"{NOT} (indication: 2 runs)", 2)
    assert found["T3", "B4"].verdict == found["T5", "B4"].verdict == NOT_RUN


def test_t5_and_t7_are_judged_where_they_were_measured(tmp_path: Path, swept: params.Sweep):
    errors = {("ordinary", 1.0): math.inf}  # above either edge
    rows_of(RATES, errors).to_csv(tmp_path / "sweep_B3.csv", index=False)
    b2 = {rule: case(runs=2)["modified"] for rule in RULES}
    (tmp_path / "variants.json").write_text(json.dumps({"T7": {"B2": b2}}))
    found = by_place(network_by_network.judge(tmp_path, swept, SECTION))
    assert found["T5", "B3"].verdict == NOT
    assert found["T5", "B4"].verdict == NOT_RUN
    assert found["T7", "B2"].verdict == OPEN  # too few runs to count
    assert (found["T7", "B2"].runs, found["T7", "B1"].verdict) == (2, NOT_RUN)
    b2 = {rule: case()["modified"] for rule in RULES}
    (tmp_path / "variants.json").write_text(json.dumps({"T7": {"B2": b2}}))
    found = by_place(network_by_network.judge(tmp_path, swept, SECTION))
    assert (found["T7", "B2"].verdict, found["T7", "B2"].runs) == (REPRODUCED, 3)
