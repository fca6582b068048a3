import pytest

from stages.compare.agreement import ABSENT, compared, fault

EXACT = {"kind": "exact"}
ROUNDED = {"kind": "rounded", "absolute": 0.5}
RELATIVE = {"kind": "rounded", "relative": 0.1, "absolute": 0.5}
CHAOTIC = {"kind": "chaotic", "spread": 2.0}


@pytest.mark.parametrize(
    ("old", "new", "kind", "other", "word", "difference"),
    [
        (3, 3, EXACT, EXACT, "same", ""),
        (3, 3.0, EXACT, EXACT, "same", ""),
        (3, 4, EXACT, EXACT, "changed", "+1"),
        (1.0, 1.0 + 1e-12, EXACT, EXACT, "changed", "+1e-12"),
        (3, 3.0, CHAOTIC, CHAOTIC, "same", ""),
        (1.0, 1.4, ROUNDED, ROUNDED, "within noise", "0.8 tolerances"),
        (1.0, 1.5, ROUNDED, ROUNDED, "within noise", "1 tolerances"),
        (1.0, 1.6, ROUNDED, ROUNDED, "changed", "1.2 tolerances"),
        (1.0, -0.6, ROUNDED, ROUNDED, "changed", "3.2 tolerances"),
        (-20.0, -21.9, RELATIVE, RELATIVE, "within noise", "0.87 tolerances"),
        (-20.0, -22.5, RELATIVE, RELATIVE, "changed", "1.1 tolerances"),
        (1.0, 1.4, RELATIVE, RELATIVE, "within noise", "0.8 tolerances"),
        (10.0, 15.0, CHAOTIC, CHAOTIC, "within noise", "2.5 spreads"),
        (10.0, 16.0, CHAOTIC, {}, "within noise", "3 spreads"),
        (10.0, 17.0, CHAOTIC, CHAOTIC, "changed", "3.5 spreads"),
        (10.0, 17.0, CHAOTIC, CHAOTIC | {"spread": 7.0}, "within noise", "1 spreads"),
        (10.0, 17.0, CHAOTIC, CHAOTIC | {"spread": 0.1}, "changed", "3.5 spreads"),
        (1.0, 1.1, CHAOTIC | {"spread": 0.0}, {}, "changed", "inf spreads"),
        (1.0, None, CHAOTIC, CHAOTIC, "changed", ""),
        (None, None, CHAOTIC, CHAOTIC, "same", ""),
        (1.0, 1.1, CHAOTIC | {"spread": None}, {}, "changed", "inf spreads"),
        (1.0, ABSENT, CHAOTIC, {}, "changed", ""),
        (ABSENT, 1.0, CHAOTIC, {}, "changed", ""),
        (1, True, EXACT, EXACT, "changed", ""),
        ("float64", "float32", EXACT, EXACT, "changed", ""),
    ],
)
def test_a_number_agrees_by_its_kind(old, new, kind, other, word, difference):
    found = compared("x", old, new, kind, other)
    assert (found.word, found.difference) == (word, difference)


@pytest.mark.parametrize("new", ["no", ABSENT, None, 1])
def test_a_verdict_is_the_same_or_has_changed(new):
    assert compared("verdict.L1", "yes", "yes", {}, {}).word == "same"
    assert compared("verdict.L1", "yes", new, {}, {}).word == "verdict changed"


@pytest.mark.parametrize("kind", [EXACT, ROUNDED, RELATIVE, CHAOTIC])
def test_agreement_has_no_direction(kind):
    for new in (1.3, 2.0, 9.0):
        there, back = compared("x", 1.0, new, kind, kind), compared("x", new, 1.0, kind, kind)
        assert there.word == back.word


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (None, "expected a kind of exact, rounded or chaotic, got None"),
        ({"kind": "vague"}, "expected a kind of exact, rounded or chaotic, got 'vague'"),
        ({"kind": "rounded"}, "absolute or relative"),
        ({"kind": "rounded", "absolute": -1}, "0 or more"),
        ({"kind": "chaotic"}, "expected spread"),
        ({"kind": "rounded", "absolute": None}, "absolute or relative"),
    ],
)
def test_a_kind_says_what_it_lacks(kind, message):
    assert message in str(fault(kind))


def test_whole_kinds_have_no_fault():
    assert [fault(kind) for kind in (EXACT, ROUNDED, RELATIVE, CHAOTIC)] == [None] * 4
    assert fault({"kind": "chaotic", "spread": None}) is None  # beside no number
