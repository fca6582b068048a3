"""L1 to L5: each is reproduced, reproduced with a correction, or not, from numbers alone."""

from typing import Any

import pytest

from stages.claims.theory import linear
from stages.claims.verdict import CORRECTED, NOT, REPRODUCED
from tests.stages.claims.lanes import SECTION

FOUND = {
    "correctors_of_degree_2": 0,
    "correctors_of_degree_3": 1,
    "free_coefficients_of_degree_3": 0,
    "free_coefficients_of_degree_4": 1,
    "coefficients_of_degree_3": [0, 3, -2],
    "zero_branch_not_zero_from_degree": 4,
}
FAMILIES = {"found": 48, "equal_to_closed_form": 48}
STATED = {"zero_branch_not_zero_from_degree": None}


@pytest.mark.parametrize(
    ("found", "families", "verdict"),
    [
        ({}, {}, CORRECTED),
        (STATED, {}, REPRODUCED),
        ({"correctors_of_degree_2": 1}, {}, NOT),
        ({"correctors_of_degree_3": 2}, {}, NOT),
        ({"free_coefficients_of_degree_3": 1}, {}, NOT),
        ({"coefficients_of_degree_3": [0, 2, -1]}, {}, NOT),
        ({"free_coefficients_of_degree_4": 0}, {}, NOT),
        (STATED, {"equal_to_closed_form": 47}, NOT),
    ],
)
def test_l1_asks_for_every_degree_and_family(found: dict, families: dict, verdict: str):
    said = linear.ansatz(FOUND | found, FAMILIES | families)
    assert said.verdict == verdict
    assert (said.measured == "the numbers are in derive.json") == (verdict == NOT)


DERIVED = {
    "fixed_eigenvalues": [0.0, 0.5, 1.0],
    "fixed_eigenvalues_of_larger_blocks": 0,
    "identity_is_fixed": True,
}


@pytest.mark.parametrize(
    ("derived", "defect", "of_block", "verdict"),
    [
        ({}, -15.0, 0.5, CORRECTED),
        ({"identity_is_fixed": False}, -15.0, 0.5, REPRODUCED),
        ({"fixed_eigenvalues": [0, 1]}, -15.0, 0.5, NOT),
        ({"fixed_eigenvalues_of_larger_blocks": 1}, -15.0, 0.5, NOT),
        ({}, -11.0, 0.5, NOT),
        ({}, -15.0, 1e-13, NOT),
    ],
)
def test_l2_is_derived_and_measured(derived: dict, defect: float, of_block: float, verdict: str):
    found = {"log10_defect_of_diagonalisable": defect, "least_defect_of_jordan_block": of_block}
    assert linear.fixed_points(DERIVED | derived, found, SECTION).verdict == verdict


@pytest.mark.parametrize(
    ("attracting", "repelling", "at_zero", "verdict"),
    [(1, 1, 1, CORRECTED), (1, 1, 2, REPRODUCED), (0.9, 1, 2, NOT), (1, 0.9, 2, NOT)],
)
def test_l3_asks_every_gamma(attracting: float, repelling: float, at_zero: int, verdict: str):
    found = {
        "share_of_gammas_attracting": attracting,
        "share_of_gammas_repelling_at_half": repelling,
        "multiplier_at_half_for_gamma_0": at_zero,
        "largest_gamma_tried": 1.9,
        "tangential_directions_at_rank_2_of_5": 12,
    }
    assert linear.stability(found).verdict == verdict


def precise(
    floors: dict[str, float | None] | None = None,
    ranks: dict[str, float] | None = None,
    converging: float = 1.0,
) -> dict[str, Any]:
    """Return what stage linear measures for L4; floors are log10 in units of rounding."""
    families = ("symmetric", "oblique")
    return {
        "L4": {
            "log10_floor_in_rounding_units": dict.fromkeys(families, 0.5) | (floors or {}),
            "share_of_right_rank_by_family": dict.fromkeys(families, 1.0) | (ranks or {}),
            "log10_floor_by_dtype": {"float64": -15.5},
            "largest_safe_radius": 0.3,
            "least_unsafe_radius": 0.4,
            "share_of_converging_ginibre_with_rank_0": 1.0,
        },
        "ensembles": {"ginibre_0.1": {"converging": 1.0}, "ginibre_1": {"converging": converging}},
        "cases": {
            "oblique_1000_64_gap_0.1_float64_gamma_1": {"log10_floor": -7.8},
            "oblique_30_64_gap_0.1_float64_gamma_1": {"log10_floor": -9.0},
        },
    }


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (precise(), REPRODUCED),
        (precise(converging=0.5), REPRODUCED),
        (precise(converging=0.4), CORRECTED),
        (precise({"oblique": 1.1}), CORRECTED),
        (precise({"oblique": None}), CORRECTED),
        (precise(ranks={"oblique": 0.9}), CORRECTED),
        (precise({"symmetric": 1.1}), NOT),
        (precise(ranks={"symmetric": 0.9}), NOT),
    ],
)
def test_l4_asks_symmetric_matrices_and_as_stated_all(found: dict[str, Any], verdict: str):
    said = linear.precision(found, SECTION)
    assert said.verdict == verdict
    assert "10^-7.8" in said.ours
    assert ("‖P‖ = 1000" in said.measured) == (verdict != NOT)


@pytest.mark.parametrize(("largest", "verdict"), [(-14.5, REPRODUCED), (-11.0, NOT)])
def test_l5_asks_for_equality(largest: float, verdict: str):
    said = linear.one_layer({"log10_largest_difference": largest}, SECTION)
    assert said.verdict == verdict
    assert said.ours == f"on whitened inputs a step differs by 10^{largest} (relative)"
