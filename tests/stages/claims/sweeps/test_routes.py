"""Q1: do routes differ, by study and by network, whatever the numbers say."""

from itertools import product
from typing import Any

import pytest

from stages.claims.sweeps import routes
from stages.claims.sweeps.routes import ALIKE, DIFFER
from stages.claims.verdict import LONGEST, OPEN
from tests.stages.claims.lanes import SECTION

LIMITS = {DIFFER: (0.2, 0.4), ALIKE: (-0.4, 0.1), OPEN: (0.0, 0.2)}


def study(
    limits: tuple[float | None, float | None],
    network: str = "B1",
    runs: int = 3,
    rate: float = 0.4,
    steps: int = 10,
) -> dict[str, Any]:
    low, high = limits
    ratio = {"log10_ratio": 1.0, "low": low, "high": high}
    return {
        "network": network,
        "runs": runs,
        "steps": steps,
        "learning_rates": {"modified": 0.4, "ordinary": rate},
        "distances": {"function_routes": ratio},
        "gradients": {"cosine_at_start": 0.5},
    }


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        ((0.2, 0.4), DIFFER),
        ((0.11, 0.4), DIFFER),
        ((-0.4, 0.1), ALIKE),
        ((0.05, 0.11), OPEN),
        ((None, None), OPEN),
    ],
)
def test_routes_differ_where_the_whole_interval_says_so(limits, word: str):
    assert routes.compared(study(limits), SECTION) == word


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((DIFFER, DIFFER), "yes"),
        ((ALIKE, ALIKE), "no"),
        ((OPEN, OPEN), "undecided"),
        ((DIFFER, ALIKE), "yes at equal rates, no at a rate each"),
        ((OPEN, ALIKE), "undecided at equal rates, no at a rate each"),
    ],
)
def test_the_answer_counts_the_networks(words: tuple[str, str], expected: str):
    studies = {
        "B1": study(LIMITS[words[0]]),
        "best": study(LIMITS[words[1]], rate=0.9),
        "B2": study(LIMITS[DIFFER], "B2", runs=2),
    }
    found = routes.judge({"studies": studies}, SECTION)
    assert found.verdict == f"B1: {expected}; B2: yes (indication: 2 runs)"
    brief = expected.replace(" at equal rates", "").replace("a rate each", "best rates")
    assert found.brief == f"B1: {brief}; B2: yes (2 runs)"


def test_the_answer_in_short_fits_whatever_the_answers_are():
    kinds = {"B1": {}, "best": {"rate": 0.9}, "B2": {"network": "B2", "runs": 2}}
    for words in product(LIMITS, repeat=3):
        of_kind = zip(kinds.items(), words, strict=True)
        studies = {name: study(LIMITS[word], **kind) for (name, kind), word in of_kind}
        found = routes.judge({"studies": studies}, SECTION)
        assert len(found.brief) <= LONGEST
        assert found.lacking == {"runs": 2}
        apart = words[0] != words[1]
        assert ("best rates" in found.brief or " or " in found.brief) == apart


def test_the_answer_is_marked_by_the_shortest_study():
    studies = {"B1": study((0.2, 0.4)), "other": study((0.2, 0.4), rate=0.9, steps=9)}
    found = routes.judge({"studies": studies}, SECTION)
    assert (found.verdict, found.brief) == ("B1: yes (indication: 9 steps)", "B1: yes (9 steps)")


def test_every_study_has_its_ratio_and_word():
    found = routes.judge({"studies": {"B1_best": study((0.0, 2.0))}}, SECTION)
    assert "B1, best: ×10 [1, 1e+02], undecided, gradients" in found.measured
    assert found.measured.endswith("at a cosine of 0.50")
    assert found.ours == "distance / own scatter: B1 best rates ×10"
    alone = routes.judge({"studies": {"B1_best": study((None, None), runs=1)}}, SECTION)
    assert "B1, best: ×10 one run, undecided (indication: 1 run)" in alone.measured
