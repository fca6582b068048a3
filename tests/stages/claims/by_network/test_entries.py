"""Claims by network: what is judged from which file, and what is said where there is none."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stages.claims.by_network.entries import Entry, judge
from stages.claims.by_network.places import ALL, NETWORKS, STAND_INS
from stages.claims.by_network.table import by_claim
from stages.claims.sweeps.comparison import RULES
from stages.claims.verdict import INDICATION, NOT, NOT_RUN, OPEN, REPRODUCED
from stages.common import params
from stages.sweeps.aggregate import last_rows
from stages.sweeps.printed import EDGES
from tests import ROOT
from tests.stages.claims.lanes import SECTION, rows_of
from tests.stages.claims.sweeps.test_batch_sizes import case
from tests.stages.claims.sweeps.test_near import case as start
from tests.stages.claims.sweeps.test_newdata import setting
from tests.stages.claims.sweeps.test_published import lines_of

RATES = (0.02, 1.0)  # the second is B2's first relabelled
NETWORK = params.Network(
    widths=[100, 7, 100], learning_rates=list(RATES), runs=3, steps=10, log_every=10
)


@pytest.fixture
def settings() -> params.Paper:
    """Return the committed settings of the paper's scale with small grids for all networks."""
    found = params.read(ROOT / "stages/pipelines/paper/params.yaml", params.Paper)
    small = {"networks": dict.fromkeys(found.sweep.networks, NETWORK)}
    variants = {name: v.model_copy(update={"steps": 10}) for name, v in found.variants.items()}
    sweep = found.sweep.model_copy(update=small)
    return found.model_copy(update={"sweep": sweep, "variants": variants})


def test_the_edge_of_the_modified_rule_waits_for_its_lanes_from_there_on_alone(
    tmp_path: Path, settings: params.Paper
):
    labels = settings.published.networks["B3"].learning_rates["modified"]
    steps = settings.published.networks["B3"].steps
    rows = rows_of(tuple(labels), {("modified", 0.37): math.inf})
    rows = rows[(rows.rule == "modified") & (rows.run == 0)].assign(data="fixed")
    rows = rows.assign(label=rows.learning_rate, step=rows.step.replace(rows.step.max(), steps))
    for table, verdict in ((rows[rows.label < 0.3], NOT_RUN), (rows[rows.label > 0.1], REPRODUCED)):
        table.to_csv(tmp_path / "published_B3_so_far.csv", index=False)
        found = by_place(judge(tmp_path, settings, SECTION))
        assert found["T5b", "B3"].verdict.verdict.startswith(verdict)
        assert found["T3b", "B3"].verdict.verdict == NOT_RUN, "it takes the ordinary rule's too"


def by_place(entries: Iterable[Entry]) -> dict[tuple[str, str], Entry]:
    return {(entry.verdict.id, entry.network): entry for entry in entries}


def test_without_any_sweep_all_is_not_run(tmp_path: Path, settings: params.Paper):
    entries = judge(tmp_path, settings, SECTION)
    places = [(claim, network) for claim, networks in NETWORKS.items() for network in networks]
    assert [(e.verdict.id, e.network) for e in entries] == places
    assert {(e.runs, e.verdict.verdict, e.verdict.measured) for e in entries} == {(0, NOT_RUN, "")}


def test_every_network_is_judged_by_its_own_runs(tmp_path: Path, settings: params.Paper):
    better = {("modified", rate): 1e-7 for rate in RATES}
    rows_of(RATES, better).to_csv(tmp_path / "sweep_B1.csv", index=False)
    rows = rows_of(RATES, {})
    rows[rows.run < 2].to_csv(tmp_path / "sweep_B2_so_far.csv", index=False)
    found = by_place(judge(tmp_path, settings, SECTION))
    assert (found["T3", "B1"].verdict.verdict, found["T3", "B1"].runs) == (REPRODUCED, 3)
    assert found["T6", "B1"].verdict.verdict == REPRODUCED
    assert by_claim([found["T6", "B1"]]) == {
        "T6": {"B1": {"verdict": REPRODUCED, "runs": 3, "ours": found["T6", "B1"].verdict.ours}}
    }
    assert found["T6", "B1"].verdict.ours == "< 1e-06 in 6 of 6 modified, 0 of 6 ordinary trainings"
    for claim in ("T3", "T4"):
        entry = found[claim, "B2"]
        assert (entry.verdict.verdict, entry.runs) == (f"{NOT} (indication: 2 runs)", 2)
    assert found["T3", "B4"].verdict.verdict == found["T5", "B4"].verdict.verdict == NOT_RUN


def write_variants(folder: Path, found: dict[str, Any]) -> None:
    (folder / "variants.json").write_text(json.dumps({"T7": {"B2": found}}))
    row = {"variant": "B2_batch_32", "network": "B2", "optimizer": "sgd"}
    row |= {"initialization": "default", "median_relative_error": 0.1}
    rows = pd.DataFrame([row | {"rule": rule} for rule in RULES])
    rows.to_csv(folder / "variants.csv", index=False)


def test_t5_and_t7_are_judged_where_they_were_measured(tmp_path: Path, settings: params.Paper):
    errors = {("ordinary", 1.0): math.inf}  # above either edge
    rows_of(RATES, errors).to_csv(tmp_path / "sweep_B3.csv", index=False)
    b2 = {rule: case(runs=2)["modified"] for rule in RULES}
    write_variants(tmp_path, b2)
    found = by_place(judge(tmp_path, settings, SECTION))
    assert found["T5", "B3"].verdict.verdict == NOT
    assert found["T5", "B4"].verdict.verdict == NOT_RUN
    assert found["T7", "B2"].verdict.verdict == OPEN  # too few runs to count
    assert (found["T7", "B2"].runs, found["T7", "B1"].verdict.verdict) == (2, NOT_RUN)
    b2 = {rule: case()["modified"] for rule in RULES}
    write_variants(tmp_path, b2)
    found = by_place(judge(tmp_path, settings, SECTION))
    assert (found["T7", "B2"].verdict.verdict, found["T7", "B2"].runs) == (REPRODUCED, 3)


def test_new_data_are_judged_by_the_network_that_cases_are_named_after(
    tmp_path: Path, settings: params.Paper
):
    of_cases = [setting("B1"), setting("B1_adam", 1.0, 2.0), setting("n512", runs=1)]
    content = {of["setting"]: of for of in of_cases}
    (tmp_path / "newdata.json").write_text(json.dumps(content))
    found = by_place(judge(tmp_path, settings, SECTION))
    assert found["P4", "B1"].verdict.verdict == "below ordinary on B1, above it on B1_adam"
    assert found["P4", "n512"].verdict.verdict == "below ordinary on n512 (indication: 1 run)"
    assert found["P4", "B2"].verdict.verdict == found["P4", ALL].verdict.verdict == NOT_RUN
    content["B2_16_fresh"] = setting("B2", -0.01, 0.01)
    steps = SECTION.least_steps - 1
    briefly = {
        f"{n}_briefly_1000_fresh": setting(f"{n}_briefly", -9.0, 9.0, steps=steps)
        for n in ("B3", "B4")
    }
    for whole in (content, content | briefly):
        (tmp_path / "newdata.json").write_text(json.dumps(whole))
        together = by_place(judge(tmp_path, settings, SECTION))
        over_all = together["P4", ALL].verdict.verdict
        counted = "lower in 1, higher in 1 of 3 cases without B3, B4"
        assert over_all == counted, "n512 has no interval"
    assert together["P4", "B3"].verdict.lacking == {"steps": steps}
    content["B3_at_length_1000_fresh"] = setting("B3_at_length")
    (tmp_path / "newdata.json").write_text(json.dumps(content))
    over_all = by_place(judge(tmp_path, settings, SECTION))["P4", ALL].verdict.verdict
    assert over_all.endswith("of 4 cases without B4")


def test_lanes_on_fresh_batches_are_told_beside_those_on_one_batch(tmp_path: Path):
    settings = params.read(ROOT / "stages/pipelines/paper/params.yaml", params.Paper)
    lines = settings.published.networks["B3"]
    rates = tuple(sorted({rate for of in lines.learning_rates.values() for rate in of}))
    rows = rows_of(rates, {("modified", 0.22): 0.1}, 1)
    rows = rows.assign(label=rows.learning_rate, step=rows.step.where(rows.step == 0, lines.steps))
    places = rows[["rule", "label"]].itertuples(index=False)
    asked = [rate in lines.learning_rates[rule] for rule, rate in places]
    fixed = rows[asked].assign(data="fixed", new_absolute_error=1.0)
    both = pd.concat([fixed, fixed.assign(data="fresh")])
    for table, told in ((fixed, False), (both, True)):
        table.to_csv(tmp_path / "published_B3_so_far.csv", index=False)
        found = by_place(judge(tmp_path, settings, SECTION))
        for claim in ("T3b", "T5b"):
            assert ("on fresh batches" in found[claim, "B3"].verdict.measured) == told, claim


def test_lines_so_far_are_judged_until_they_are_whole(tmp_path: Path, settings: params.Paper):
    for name, runs in (("published_B2_so_far", 2), ("published_B2", 10)):
        content = lines_of(B2={"runs": runs, "median_deviation": 1.3})["B2"]
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
        found = by_place(judge(tmp_path, settings, SECTION))
        assert found["P1", "B2"].runs == found["P3", "B2"].runs == runs
        assert found["P1", "B2"].verdict.verdict.startswith("reproduced but for modified on B2")
    assert found["P1", "B3"].verdict.verdict == NOT_RUN


def test_what_lacks_is_a_number_wherever_a_verdict_is_an_indication(
    tmp_path: Path, settings: params.Paper
):
    rows_of(RATES, {}).to_csv(tmp_path / "sweep_B2_so_far.csv", index=False)
    content = {"n20": start(-2, -1, runs=1)}
    (tmp_path / "near.json").write_text(json.dumps(content))
    (tmp_path / "newdata.json").write_text(json.dumps({"B2": setting("B2", runs=1)}))
    lines = lines_of(B2={"runs": 2, "epochs": 9})["B2"]
    (tmp_path / "published_B2.json").write_text(json.dumps(lines))
    section = SECTION.model_copy(update={"least_steps": 100})
    judged = [e for e in judge(tmp_path, settings, section) if e.runs]
    assert {"T3", "T4", "P1", "P3", "P4", "N"} <= {entry.verdict.id for entry in judged}
    for entry in judged:
        assert bool(entry.verdict.lacking) == (INDICATION in entry.verdict.verdict), entry
    found = by_claim(judged)
    assert found["P1"]["B2"]["lacking"] == {"runs": 2, "steps": 9}
    assert found["T3"]["B2"]["lacking"] == {"steps": 10}


def test_new_inputs_are_judged_over_all_networks_where_none_lacks(
    tmp_path: Path, settings: params.Paper
):
    fell = {"B2": {"trained_fell": 13.0, "new_fell": 12.0, "runs": 3}}
    fell["B3"] = {"trained_fell": 250.0, "new_fell": 2.5, "runs": 1}
    said = {}
    for name, of in fell.items():
        content = lines_of(**{name: of})[name]
        (tmp_path / f"published_{name}_so_far.json").write_text(json.dumps(content))
        said[name] = by_place(judge(tmp_path, settings, SECTION))
    assert said["B2"]["P3", ALL].verdict.verdict == NOT_RUN
    together = said["B3"]["P3", ALL]
    assert together.verdict.verdict == "as far on B2, under 50% as far on B3 (indication: B3 1 run)"
    assert together.verdict.ours == "trained/new: B2 ÷13/12; B3 ÷250/2.5"
    assert together.verdict.lacking == {"runs": 1}


def test_the_base_reading_is_judged_where_no_line_was_run_to_its_end(
    tmp_path: Path, settings: params.Paper
):
    row = {"lines": 2, "median_ratio": 1.01, "largest_deviation": 1.05}
    pd.DataFrame(
        row | {"changed": changed, "network": network, "rule": rule, "median_deviation": median}
        for changed, median in (("base", 1.01), ("data", 1.9))
        for network in ("all", "B2", "B3")
        for rule in ("both", *RULES)
    ).to_csv(tmp_path / "readings.csv", index=False)
    found = by_place(judge(tmp_path, settings, SECTION))
    lines = settings.readings.networks["B3"]
    assert found["P1", "B3"].runs == lines.runs
    assert found["P1", "B3"].verdict.verdict == f"{REPRODUCED} (indication: 1 run)"
    together = found["P1", ALL]
    assert together.verdict.verdict == f"{REPRODUCED} (indication: B3 1 run)"
    assert together.verdict.ours == "modified: B2 1.0 %, B3 1.0 %; ordinary: B2 1.0 %, B3 1.0 %"
    assert found["P3", "B3"].verdict.verdict == NOT_RUN


def test_starts_near_a_projection_are_judged_by_width(tmp_path: Path, settings: params.Paper):
    content = {"n20_bias_0": start(1, 2), "n20_bias_6": start(-2, -1, runs=4), "n5": start(-2, -1)}
    (tmp_path / "near.json").write_text(json.dumps(content))
    found = by_place(judge(tmp_path, settings, SECTION))
    bias = found["N", "n20"]
    assert (bias.runs, bias.verdict.verdict) == (
        4,
        "yes; below ordinary on n20 (bias 6), above it on n20 (bias 0)",
    )
    assert found["N", "n5"].verdict.verdict == "yes; below ordinary on n5"
    over_all = found["N", ALL]  # the cases with runs enough for a verdict
    assert over_all.verdict.verdict == "falls 10-fold in 3 of 3 cases, below ordinary in 2"
    assert over_all.verdict.measured == "told below, by network"
    assert found["N", "n400"].verdict.verdict == NOT_RUN


def test_a_network_that_stands_in_is_judged_as_the_one_whose_lines_it_follows(
    tmp_path: Path, settings: params.Paper
):
    missed = {"median_deviation": 1.04}  # within B2's threshold and not B3's
    found = {name: lines_of(**{name: missed})[name] for name in (*STAND_INS, "removed")}
    beside = {"second_moments": {}}
    content = {name: of | beside for name, of in found.items()}
    (tmp_path / "stand_in.json").write_text(json.dumps(content))
    lower = {("modified", rate): 0.01 for rate in (0.22, 1.0)}
    lower |= {("ordinary", 1.0): 0.3}
    lanes = last_rows(rows_of((0.22, 1.0), lower)).assign(new_absolute_error=0.5)
    by_label = lanes.assign(label=lanes.learning_rate, learning_rate=50 * lanes.learning_rate)
    both = [by_label.assign(stand_in=name) for name in ("n128", "removed")]
    pd.concat(both).to_csv(tmp_path / "stand_in_lanes.csv", index=False)
    entries = by_place(judge(tmp_path, settings, SECTION))
    assert entries["P1", "n128"].verdict.verdict == f"{REPRODUCED}, fitted"
    assert entries["P1", "n512"].verdict.verdict == f"{REPRODUCED} but for modified on n512"
    assert entries["P3", "n128"].runs == entries["P3", "n512"].runs == 10
    assert entries["T3b", "n128"].verdict.verdict == REPRODUCED
    assert "at 0.22" in entries["T4b", "n128"].verdict.measured, "by label"
    assert entries["T4b", "n128"].verdict.ours == "lower at 1 of 1 rate below ordinary's best"
    for place in (("P1", ALL), ("P3", ALL), ("T3b", "n512"), ("T3b", "B2")):
        assert entries[place].verdict.verdict == NOT_RUN
    of_b1 = settings.stand_ins["n512"].model_copy(update={"network": "B1"})
    changed = settings.model_copy(update={"stand_ins": {"n512": of_b1}})
    entries = by_place(judge(tmp_path, changed, SECTION))
    assert entries["P1", "n512"].verdict.verdict == NOT_RUN, "B1 has no threshold"
    assert entries["P3", "n512"].runs == 10 and entries["P3", "n128"].runs == 0


def test_every_network_that_stands_in_is_judged(settings: params.Paper):
    assert set(settings.stand_ins) == set(STAND_INS)
    assert all(set(STAND_INS) <= set(NETWORKS[claim]) for claim in ("T3b", "T4b", "P1", "P3"))


def test_the_edge_is_judged_over_both_networks_where_both_are_there(
    tmp_path: Path, settings: params.Paper
):
    for name, edge in EDGES.items():
        lines = settings.published.networks[name]
        labels = tuple(lines.learning_rates["modified"])
        above = {("modified", rate): math.inf for rate in labels if rate > edge}
        rows = rows_of(labels, above).assign(data="fixed")
        rows = rows.assign(label=rows.learning_rate, step=rows.step.replace(10, lines.steps))
        rows.to_csv(tmp_path / f"published_{name}_so_far.csv", index=False)
        found = by_place(judge(tmp_path, settings, SECTION))
        assert found["T5b", name].verdict.verdict == REPRODUCED
        over_all = {"B3": NOT_RUN, "B4": REPRODUCED}[name]
        assert found["T5b", ALL].verdict.verdict == over_all
    both = by_place(judge(tmp_path, settings, SECTION))["T5b", ALL].verdict
    assert both.ours == "highest rate that improves: 0.22 on B3, 0.52 on B4"
