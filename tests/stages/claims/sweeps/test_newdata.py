from typing import Any

import pytest

from stages.claims.sweeps import newdata
from stages.common import params
from tests import ROOT

SECTION = params.read(ROOT / "params.yaml", params.Laptop).claims


def rule_of(relative_error: float, spread_kept: float, share: float) -> dict[str, Any]:
    seen = {"rate": 0.1, "trained_fell": 9.0, "new_fell": 3.0, "share": share}
    return {"highest_rate": 0.2, "best_rate": 0.1, "new_fell": 3.0, "seen": seen} | {
        "relative_error": relative_error,
        "spread_kept": spread_kept,
    }


def setting(
    name: str,
    low: float | None = -2.0,
    high: float | None = -1.0,
    *,
    data: str = "fresh",
    relative_error: float = 0.1,
    spread_kept: float = 0.5,
    share: float = 1.0,
    runs: int = 10,
    steps: int = 2500,
    inputs: int = 640,
) -> dict[str, Any]:
    mean = None if low is None or high is None else (low + high) / 2
    ratio = {"runs": runs, "log10_ratio": mean, "low": low, "high": high}
    rule = rule_of(relative_error, spread_kept, share)
    described = {"setting": f"{name}_16_{data}", "width": 64, "data": data, "inputs": inputs}
    described |= {"runs": runs, "steps": steps}
    hows = ("at_equal_rates", "at_equal_first_updates", "at_own_best_rates")
    return (
        described
        | {"steps": steps, "modified": rule, "ordinary": rule}
        | dict.fromkeys(hows, ratio)
    )


def judged(*settings: dict[str, Any]):
    return newdata.judge({of["setting"]: of for of in settings}, SECTION)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (setting("a"), "below ordinary on a"),
        (setting("a", 1, 2), "above it on a"),
        (setting("a", -0.05, 0.05), "level with it on a"),
        (setting("a", -1, 1), "undecided on a"),
        (setting("a", None, None), "undecided on a"),  # a rule diverges at every rate
        (setting("a", relative_error=1.0), "below ordinary on a (shrinks)"),
        (setting("a", relative_error=1.0, spread_kept=1e-6), "below ordinary on a (collapses)"),
        (setting("a", runs=3), "below ordinary on a (indication: 3 runs)"),
        (setting("a", steps=300), "below ordinary on a (indication: 300 steps)"),
    ],
)
def test_a_setting_is_judged_at_the_best_rates(found: dict[str, Any], verdict: str):
    assert judged(found).verdict == verdict


def test_every_setting_is_named_and_the_ratios_told_that_decide():
    found = judged(setting("a"), setting("b", 1, 2), setting("c", data="fixed"))
    assert found.verdict == "below ordinary on a, above it on b"
    assert found.ours == "×0.032 or ×32 of ordinary's error"


def test_fewer_than_three_runs_beside_others_are_told_and_decide_nothing():
    found = judged(setting("a"), setting("b", None, None, runs=1), setting("c", runs=2))
    assert found.verdict == "below ordinary on a"
    assert "b" in found.measured.partition("a")[2] and found.lacking == {}
    assert newdata.runs({"b": setting("b", runs=1)}) == 1, "where there is no other"


def test_a_rule_that_diverges_at_every_rate_is_told():
    lost = setting("a", None, None) | {"modified": {"highest_rate": None}}
    found = judged(lost)
    assert "modified diverges at every rate" in found.measured
    neither = dict.fromkeys(("modified", "ordinary"), {"highest_rate": None})
    both = setting("a", None, None) | neither
    assert judged(both).verdict == "undecided on a"
    assert found.ours == "lower or higher in no case"


def test_shares_are_grouped_by_inputs_a_dimension():
    found = {
        "a": setting("a", data="fixed", inputs=16, share=0.1),
        "b": setting("b", data="64", inputs=64, share=0.4),
        "c": setting("c", data="64", inputs=64, share=0.5),
        "d": setting("d", inputs=4800),
    }
    assert newdata.shares(found) == [
        {"each": 0.25, "low": 0.1, "high": 0.1},
        {"each": 1.0, "low": 0.4, "high": 0.5},
    ]
