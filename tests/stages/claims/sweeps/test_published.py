from typing import Any

import pytest

from stages.claims.sweeps import published
from stages.claims.verdict import CONVENTION, LONGEST, OPEN, REPRODUCED
from stages.common import params
from tests import ROOT

SECTION = params.read(ROOT / "params.yaml", params.Laptop).claims
FAR = {"largest_deviation": 1.2}
FEW = " (indication: B2 3 runs, 100 steps)"


def line(**changes: Any) -> dict[str, Any]:
    fell = {"label_that_fell_most": 0.22, "trained_fell": 10.0, "new_fell": 9.5}
    hit = {"median_ratio": 1.01, "median_deviation": 1.01, "largest_deviation": 1.05}
    return {"runs": 10, "lines": 2, "epochs": 2500} | hit | fell | changes


def lines_of(**by_network: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for network, changes in by_network.items():
        modified = line(**changes)
        over_both = {name: modified[f"{name}_deviation"] for name in ("median", "largest")}
        found[network] = {
            "fixed": {f"{name}_deviation": value for name, value in over_both.items()}
            | {"rules": {"modified": modified, "ordinary": line()}}
        }
    return found


def without(*missed: str) -> str:
    """Return the verdict where ordinary's lines are hit, and all but these of modified."""
    return f"reproduced but for {' and '.join(missed)}"


@pytest.mark.parametrize(
    ("b2", "b3", "verdict"),
    [
        ({}, {}, REPRODUCED),
        ({"median_deviation": 1.05}, {"median_deviation": 1.02}, REPRODUCED),
        ({"median_deviation": 1.06}, {}, without("modified on B2")),
        ({}, {"median_deviation": 1.03}, without("modified on B3")),
        ({}, {"largest_deviation": 1.2}, without("modified on B3")),
        (
            {"largest_deviation": 1.2},
            {"largest_deviation": 1.2},
            without("modified on B2", "modified on B3"),
        ),
    ],
)
def test_lines_are_hit_within_the_thresholds(b2: dict, b3: dict, verdict: str):
    assert published.curves(lines_of(B2=b2, B3=b3), SECTION).verdict == verdict


def test_without_a_published_epoch_nothing_is_judged():
    nothing: dict[str, Any] = dict.fromkeys(
        ("median_ratio", "median_deviation", "largest_deviation")
    )
    lines = lines_of(B2=nothing, B3=nothing)
    for of_network in lines.values():
        of_network["fixed"]["rules"]["ordinary"] |= nothing
    found = published.curves(lines, SECTION)
    assert found.verdict == "not run"
    assert published.curves(lines_of(B2=nothing, B3={}), SECTION).verdict == REPRODUCED


def test_few_runs_and_steps_are_marked():
    found = published.curves(lines_of(B2={"runs": 3, "epochs": 100}, B3={}), SECTION)
    assert found.verdict == REPRODUCED + FEW
    assert "B2 1.0 %" in found.ours
    both = published.curves(lines_of(B2={"runs": 3}, B3={"epochs": 100}), SECTION)
    assert both.verdict == f"{REPRODUCED} (indication: B2 3 runs; B3 100 steps)"
    alike = published.curves(lines_of(B2={"runs": 3}, B3={"runs": 3}), SECTION)
    assert alike.verdict == f"{REPRODUCED} (indication: 3 runs)"


def test_in_short_a_single_case_is_named_and_several_are_counted():
    few, off = {"runs": 3, "epochs": 100}, {"median_deviation": 1.1}
    one = published.curves(lines_of(B2=few | off, B3={}), SECTION)
    assert one.brief == "reproduced but for modified on B2 (B2 3 runs, 100 steps)"
    two = published.curves(lines_of(B2=few | off, B3=off), SECTION)
    assert two.brief == "reproduced in 2 of 4 cases (B2 3 runs, 100 steps)"
    all_few = published.curves(lines_of(B2=few | off, B3=off | {"runs": 1, "epochs": 13}), SECTION)
    assert all_few.verdict.endswith("(indication: B2 3 runs, 100 steps; B3 1 run, 13 steps)")
    assert all_few.brief == "reproduced in 2 of 4 cases (indication: 1 run, 13 steps)"
    assert max(map(len, (one.brief, two.brief, all_few.brief))) <= LONGEST


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.98, 1.02, CONVENTION),
        (0.5, 0.6, REPRODUCED),
        (0.5, 1.0, OPEN),
        (1.5, 1.6, OPEN),
    ],
)
def test_equal_rates_tell_a_convention_from_a_lead(low: float, high: float, verdict: str):
    ends = {"end_low": 0.9, "end_high": 1.5}
    matched = {n: {"early_low": low, "early_high": high} | ends for n in ("B2", "B3")}
    found = published.at_equal_rates(matched, SECTION)
    assert found.verdict == verdict
    assert f"×{low:.2f}" in found.ours


@pytest.mark.parametrize(
    ("trained", "new", "answer"),
    [
        (10.0, 9.0, "as far"),
        (10.0, 5.0, "over 50% as far"),
        (17.0, 2.2, "under 50% as far"),
        (10.0, 0.9, "under 50% as far"),
        (1.1, 1.1, OPEN),
    ],
)
def test_new_inputs_show_what_is_memorised(trained: float, new: float, answer: str):
    fell = {"trained_fell": trained, "new_fell": new}
    assert published.new_inputs(lines_of(B3=fell), SECTION).verdict == f"{answer} on B3"


def test_networks_are_answered_apart():
    lines = lines_of(B2={}, B3={"trained_fell": 17.0, "new_fell": 2.2})
    found = published.judge(
        lines, {"B2": {"early_low": 1, "early_high": 1, "end_low": 1, "end_high": 1}}, SECTION
    )
    assert [v.id for v in found] == ["P1", "P2", "P3"]
    assert found[2].verdict == "as far on B2, under 50% as far on B3"


def test_large_falls_are_told_without_powers_of_ten():
    said = published.new_inputs(lines_of(B3={"trained_fell": 99.7, "new_fell": 2.46}), SECTION)
    assert said.ours == "trained/new: B3 ÷100/2.5"


def test_what_falls_on_fresh_batches_is_told_beside_once_both_rules_have_ended():
    lines = lines_of(B2={}, B3={"trained_fell": 253.0, "new_fell": 2.46})
    fresh = {"rules": {"modified": line(trained_fell=220.0), "ordinary": line()}}
    lines["B3"]["fresh"] = fresh
    said = published.new_inputs(lines, SECTION)
    assert said.ours == "trained/new/fresh: B2 ÷10/9.5; B3 ÷253/2.5/220"
    assert said.verdict == "as far on B2, under 50% as far on B3"
    assert "trained on fresh batches modified at 0.22 ×220" in said.measured
    fresh["rules"]["ordinary"]["epochs"] = 300
    assert "fresh" not in published.new_inputs(lines, SECTION).ours
