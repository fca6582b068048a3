"""L1 to L5: the ansatz, the fixed points of the recurrence, and how far it takes matrices."""

import math
from collections.abc import Mapping
from typing import Any

from stages.claims.verdict import NOT, Verdict, counted, number, stated, told
from stages.common import params

Found = Mapping[str, Any]


def judge(derived: Found, found: Found, section: params.Claims) -> list[Verdict]:
    """Judge L1 to L5 from derive.json and linear.json."""
    return [
        ansatz(derived["L1"], derived["families"]),
        fixed_points(derived["L2"], found["L2"], section),
        stability(found["L3"]),
        precision(found, section),
        one_layer(found["L5"], section),
    ]


def ansatz(found: Found, families: Found) -> Verdict:
    """Judge that degree 2 has no solution, degree 3 one, and degree 4 a family (section 2.1).

    Holds if every family also equals its closed form. As stated, it would exclude the branch
    g(1) = 0; the paper does not mention it.
    """
    holds = (
        found["correctors_of_degree_2"] == 0
        and found["correctors_of_degree_3"] == 1
        and found["free_coefficients_of_degree_3"] == 0
        and found["coefficients_of_degree_3"] == [0, 3, -2]
        and found["free_coefficients_of_degree_4"] > 0
        and families["equal_to_closed_form"] == families["found"]
    )
    verdict = stated(holds, found["zero_branch_not_zero_from_degree"] is None)
    ours = (
        f"solutions: {found['correctors_of_degree_2']} of degree 2, "
        f"{found['correctors_of_degree_3']} of 3, "
        f"{counted(found['free_coefficients_of_degree_4'], 'free parameter')} at 4"
    )
    return _verdict("L1", verdict, ours, found=found, families=families)


def fixed_points(derived: Found, found: Found, section: params.Claims) -> Verdict:
    """Judge that a fixed point is diagonalisable with eigenvalues in {0, ½, 1} (section 2.2).

    Holds if it was derived so, and measured in an oblique basis: those are fixed, Jordan blocks
    over them not. As stated, with multiplicities of eigenvalues for sizes of blocks, it would
    exclude the identity matrix.
    """
    of_block, tolerance = found["least_defect_of_jordan_block"], section.equality_tolerance
    holds = (
        derived["fixed_eigenvalues"] == [0, 0.5, 1]
        and derived["fixed_eigenvalues_of_larger_blocks"] == 0
        and found["log10_defect_of_diagonalisable"] < math.log10(tolerance)
        and tolerance < of_block
    )
    verdict = stated(holds, as_stated=not derived["identity_is_fixed"])
    values = ", ".join(f"{value:g}" for value in derived["fixed_eigenvalues"])
    ours = (
        f"{values} (moved by 10^{found['log10_defect_of_diagonalisable']:.1f}); "
        f"Jordan blocks move by {of_block:.2g}"
    )
    return _verdict("L2", verdict, ours)


def stability(found: Found) -> Verdict:
    """Judge that ½ repels, and 0 and 1 attract (section 2.2).

    Holds if so at every gamma tried. As stated, for 0 <= gamma < 1, it would have to hold at 0 too.
    """
    everywhere = ("share_of_gammas_attracting", "share_of_gammas_repelling_at_half")
    at_zero = found["multiplier_at_half_for_gamma_0"]
    verdict = stated(all(found[share] == 1 for share in everywhere), as_stated=at_zero > 1)
    ours = (
        f"at {min(found[share] for share in everywhere):.0%} of the steps 0 < γ ≤ "
        f"{found['largest_gamma_tried']}; γ = 0 {'moves' if at_zero > 1 else 'does not move'} ½"
    )
    return _verdict("L3", verdict, ours, found=found)


def precision(found: Found, section: params.Claims) -> Verdict:
    """Judge that the recurrence reaches machine precision (section 2.2).

    Holds if every symmetric float64 matrix with a gap ends in its own projector within
    `precision_factor` times size times the rounding unit. As stated, every matrix of every family
    would have to do so in float64, and most matrices of every ensemble would have to converge.
    """
    L4, limit = found["L4"], math.log10(section.precision_factor)
    precise = {
        family: share == 1 and number(L4["log10_floor_in_rounding_units"][family]) < limit
        for family, share in L4["share_of_right_rank_by_family"].items()
    }
    converge = (e["converging"] >= section.least_converging for e in found["ensembles"].values())
    verdict = stated(precise["symmetric"], all(precise.values()) and all(converge))
    worst = _worst_oblique(found["cases"])
    ours = (
        f"residual 10^{L4['log10_floor_by_dtype']['float64']:.1f} if symmetric, "
        f"10^{worst['log10_floor']:.1f} at worst"
    )
    return _verdict("L4", verdict, ours, found=L4, worst=worst)


def one_layer(found: Found, section: params.Claims) -> Verdict:
    """Judge that one SGD step on f(x) = Wx is one step of the relaxed recurrence (section 2.3)."""
    largest = found["log10_largest_difference"]
    holds = largest < math.log10(section.equality_tolerance)
    ours = f"on whitened inputs a step differs by 10^{largest:.1f} (relative)"
    return _verdict("L5", stated(holds, as_stated=True), ours, found=found)


def _verdict(claim: str, verdict: str, ours: str, **values: Any) -> Verdict:
    where = "derive.json" if claim == "L1" else "linear.json"
    text = f"the numbers are in {where}" if verdict == NOT else told(claim, **values)
    return Verdict(claim, verdict, ours, text)


def _worst_oblique(cases: Found) -> dict[str, Any]:
    """Return the oblique projector that double precision comes least near to, with its norm."""
    oblique = [
        name for name in cases if name.startswith("oblique") and name.endswith("float64_gamma_1")
    ]
    worst = max(oblique, key=lambda name: number(cases[name]["log10_floor"]))
    return cases[worst] | {"norm": worst.split("_")[1]}
