"""L6: no where all are left, yes where none is, by the mean if some, undecided if unpredicted."""

import pytest

from stages.claims.theory import inputs
from stages.claims.verdict import NO, OPEN, YES
from tests.stages.claims.lanes import SECTION


def found(*predicted_away_and_agree: tuple[int, int, int]) -> dict:
    by_mean = {
        f"{mean}": {"predicted": predicted, "not_returned": away, "agree": agree}
        | {"at_half": 1, "diverged": 2}
        for mean, (predicted, away, agree) in enumerate(predicted_away_and_agree)
    }
    return {"leaving": {"starts": 20, "by_mean": by_mean}}


@pytest.mark.parametrize(
    ("with_a_mean", "verdict"),
    [
        (((20, 20, 20), (20, 20, 20)), NO),
        (((20, 20, 20), (0, 0, 20)), inputs.DEPENDS),
        (((20, 16, 16), (0, 0, 20)), inputs.DEPENDS),
        (((20, 15, 15), (0, 0, 20)), OPEN),
        (((0, 0, 20), (0, 0, 20)), YES),
        (((0, 1, 19), (0, 0, 20)), YES),
        (((0, 5, 15), (0, 0, 20)), OPEN),
    ],
)
def test_the_verdict_follows_what_is_left_and_whether_it_was_predicted(
    with_a_mean: tuple[tuple[int, int, int], ...], verdict: str
):
    of_mean = inputs.judge(found((0, 0, 20), *with_a_mean), SECTION)
    assert of_mean.verdict == verdict


def test_without_a_mean_nothing_counts_and_all_is_told():
    of = inputs.judge(found((0, 5, 15), (11, 11, 20), (0, 0, 20)), SECTION)
    assert of.ours == "11 of 40 layers do not; theory is right on all 40"
    assert "5 of 20 at mean 0, 11 of 20 at mean 1, 0 of 20 at mean 2" in of.measured
    assert "2 end at a fixed point with an eigenvalue ½ and 4 diverge" in of.measured
