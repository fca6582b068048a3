from typing import Any

import numpy as np
import pytest

from stages.claims.sweeps import near
from stages.common import params
from stages.sweeps.aggregate import student_interval
from tests import ROOT

SECTION = params.read(ROOT / "params.yaml", params.Laptop).claims


def case(
    low: float | None, high: float | None, left: float = -4.0, spread: float = 0.99, runs: int = 10
) -> dict[str, Any]:
    mean = None if low is None or high is None else (low + high) / 2
    rule = {"best_rate": 0.1, "log10_relative_error": left, "spread_kept": spread}
    ratio = {"runs": runs, "log10_ratio": mean, "low": low, "high": high}
    sides = {"modified": rule, "ordinary": rule, "modified_over_ordinary": ratio}
    return {"start": 0.4, "steps": 500} | sides


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ({"a": case(-2, -1)}, "yes; below ordinary on a"),
        ({"a": case(-2, -1), "b": case(-1, 1)}, "yes; below ordinary on a, undecided on b"),
        ({"a": case(1, 2)}, "yes; above it on a"),
        ({"a": case(-0.05, 0.05)}, "yes; level with it on a"),
        (
            {"a": case(-2, -1, left=-0.5), "b": case(-2, -1)},
            "falls 10-fold on b; below ordinary on a, b",
        ),
        ({"a": case(-2, -1, left=-0.5)}, "not reproduced"),
        ({"a": case(-2, -1, spread=0.1)}, "not reproduced"),  # it has shrunk
        ({"a": case(None, None)}, "yes; undecided on a"),  # a run diverged
        ({"a": case(-2, -1, runs=3)}, "yes; below ordinary on a (indication: 3 runs)"),
    ],
)
def test_the_answer_names_every_case(found: dict, verdict: str):
    assert near.judge(found, SECTION).verdict == verdict


def test_noise_alone_decides_nothing():
    generator = np.random.default_rng(0)
    words = []
    for _ in range(200):
        low, high = student_interval(generator.normal(0, 0.5, 5))
        words.append(near.judge({"a": case(low, high)}, SECTION).verdict)
    assert sum("undecided" in word for word in words) >= 180


def test_what_is_improved_is_named_by_the_threshold_and_in_words():
    found = {"n5": case(-2, -1, left=-0.5), "n20_noise_0_05": case(-2, -1)}
    assert near.judge(found, SECTION).brief == "falls 10-fold in 1 of 2 cases, below ordinary in 2"
    stricter = SECTION.model_copy(update={"perfected_below": 0.01})
    said = near.judge(found, stricter)
    assert said.verdict.startswith(
        "falls 100-fold on n20 (noise 0.05); below ordinary on n5, n20 ("
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("n5_noise_1_0", "n5 (noise 1.0)"),
        ("n20_linear_bias_0", "n20 (linear, bias 0)"),
        ("n20_null_10", "n20 (lost dimensions 10)"),
        ("n100_adam", "n100 (Adam)"),
        ("n400", "n400"),
    ],
)
def test_cases_are_told_in_words(name: str, words: str):
    assert near.in_words(name) == words
