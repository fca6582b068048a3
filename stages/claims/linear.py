"""L1 to L5: stages derive and linear have the verdicts, these are their words."""

from typing import Any

from stages.claims.printed import CLAIMS
from stages.claims.verdict import NOT, Verdict, number

# Names of values in linear.json, or derived from derive.json.
WORDS = {
    "L1": (
        "{derived[families][equal_to_closed_form]} of {derived[families][found]} families equal "
        "their closed form; the paper leaves out the branch g(1) = 0, not zero from degree "
        "{derived[L1][zero_branch_not_zero_from_degree]}"
    ),
    "L2": (
        "so they are; but by the size of Jordan blocks, not by multiplicity: the identity is fixed"
    ),
    "L3": (
        "for 0 < γ < 2 (tried to {L3[largest_gamma_tried]}); it is the manifold that attracts: "
        "{L3[tangential_directions_at_rank_2_of_5]} neutral directions at rank 2 of 5"
    ),
    "L4": (
        "relative residual 10^{L4[log10_floor_by_dtype][float64]:.1f} for symmetric matrices, but "
        "10^{worst[log10_floor]:.1f} where ‖P‖ = {worst[norm]}; normal matrices with eigenvalues "
        "in discs around 0 and 1 converge for radius {L4[largest_safe_radius]}, not for "
        "{L4[least_unsafe_radius]}; share of the converging random matrices that go to zero: "
        "{L4[share_of_converging_ginibre_with_rank_0]:.2f}"
    ),
    "L5": "difference of one step 10^{L5[log10_largest_difference]:.1f}",
}


def judge(derived: dict[str, Any], found: dict[str, Any]) -> list[Verdict]:
    """Judge L1 to L5 from derive.json and linear.json."""
    values = found | {"derived": derived, "worst": _worst_oblique(found["cases"])}
    ledger = []
    for name, words in WORDS.items():
        verdict = found[name]["verdict"]
        holds = verdict != NOT
        text = words.format(**values) if holds else "the numbers are in linear.json"
        ledger.append(Verdict(name, CLAIMS[name], verdict, text))
    return ledger


def _worst_oblique(cases: dict[str, Any]) -> dict[str, Any]:
    """Return the oblique projector that double precision comes least near to, with its norm."""
    oblique = [
        name for name in cases if name.startswith("oblique") and name.endswith("float64_gamma_1")
    ]
    worst = max(oblique, key=lambda name: number(cases[name]["log10_floor"]))
    return cases[worst] | {"norm": worst.split("_")[1]}
