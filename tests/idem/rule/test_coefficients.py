import pytest
from torch import nn, ones

from idem.rule.coefficients import relaxed_coefficients
from idem.rule.loss import idempotency_loss
from idem.theory import ansatz


def test_a_name_a_sequence_and_a_family_are_one_corrector():
    family = ansatz.solve(1, 3)[0]
    for rule in ("modified", (0, 3, -2), family, family.coefficients):
        assert relaxed_coefficients(rule, 1.0) == [0.0, 3.0, -2.0]


def test_rules_that_are_no_corrector_have_none():
    assert relaxed_coefficients("ordinary", 1.0) is None
    assert relaxed_coefficients("transposed", 0.5) is None


def test_a_step_mixes_in_the_identity():
    assert relaxed_coefficients((0, 3, -2), 0.25) == [0.75, 0.75, -0.5]
    assert relaxed_coefficients((0.5, 0.5), 0.5) == [0.75, 0.25]


@pytest.mark.parametrize(("rule", "expected"), [((0, 1, 0, 0), [0, 1]), ((1.0, 0), [1.0])])
def test_trailing_zeros_are_dropped_as_each_is_a_pass(rule, expected: list[float]):
    assert relaxed_coefficients(rule, 1.0) == expected


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"rule": "other"}, "rule: expected one of .*, transposed, got 'other'"),
        ({"rule": None}, r"rule: expected one of modified, .* got None; another corrector is"),
        (
            {"rule": 3},
            r"rule: expected one of modified, ordinary, transposed, got 3; .* \(0.0, 3.0, -2.0\)",
        ),
        ({"rule": ()}, r"rule: expected finite coefficients .* got \[\], of sum 0"),
        ({"rule": (0, 0)}, r"rule: expected .* that sum to 1, .*, got \[0, 0\], of sum 0"),
        ({"rule": (0, 3, -1.9)}, r"rule: expected .* that sum to 1, .*, of sum 1.1"),
        ({"rule": (1e308, 1e308)}, r"rule: expected finite coefficients .*, of sum inf"),
        ({"rule": (1, float("nan"))}, r"rule: expected finite coefficients .* got \[1, nan\]"),
        ({"rule": ("a", 1)}, r"rule: expected numbers as coefficients, got \['a', 1\]"),
        ({"gamma": 0}, "gamma: expected 0 < gamma < 2, got 0"),
        ({"gamma": 2.0}, "gamma: expected 0 < gamma < 2, got 2.0"),
        ({"gamma": 0.5, "rule": "ordinary"}, "gamma: the ordinary rule has no step, .* got 0.5"),
    ],
)
def test_wrong_rules_are_named(keywords: dict, message: str):
    with pytest.raises(ValueError, match=message):
        relaxed_coefficients(**{"rule": "modified", "gamma": 1.0} | keywords)
    with pytest.raises(ValueError, match=message):
        idempotency_loss(nn.Linear(3, 3), ones(4, 3), **keywords)
