"""L6: no where theory said which are left, yes where none is, undecided where theory is wrong."""

import pytest

from stages.claims.theory import inputs
from stages.claims.verdict import NO, OPEN, YES
from tests.stages.claims.lanes import SECTION


def found(*worse_and_agree: tuple[int, int]) -> dict:
    by_mean = {
        f"{mean}": {"worse": worse, "agree": agree}
        for mean, (worse, agree) in enumerate(worse_and_agree)
    }
    return {"leaving": {"starts": 20, "by_mean": by_mean}}


@pytest.mark.parametrize(
    ("of_means", "verdict"),
    [
        (((0, 20), (20, 20)), NO),
        (((0, 20), (11, 16)), NO),
        (((0, 20), (11, 15)), OPEN),
        (((0, 20), (0, 20)), YES),
    ],
)
def test_the_verdict_follows_what_is_left_and_whether_it_was_predicted(
    of_means: tuple[tuple[int, int], ...], verdict: str
):
    assert inputs.judge(found(*of_means), SECTION).verdict == verdict


def test_all_means_are_told():
    of = inputs.judge(found((0, 20), (11, 20)), SECTION)
    assert of.ours == "11 of 40 layers are left; as predicted 40"
    assert "mean 0: 0 of 20; mean 1: 11 of 20" in of.measured
