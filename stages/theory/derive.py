"""Stage derive: appendices A and B from first principles, for machines and for readers."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import sympy

from idem.theory import ansatz, jordan
from stages.common import params
from stages.common.files import write_json, write_text
from stages.text.render import render
from stages.theory.closed_forms import quotient, smoothstep
from stages.theory.confirm import confirm, errors
from stages.theory.stability_formulas import stability_formulas
from stages.theory.worked_example import worked_example

TITLE = "Appendices A and B, derived"


def main() -> None:
    """Solve the ansatz for every order and degree, analyse the fixed points, write both."""
    args = params.arguments("derive the correctors and their fixed points")
    section = params.read(args.params, params.Laptop).derive
    grid = product(section.orders, range(1, section.max_degree + 1))
    families = [family for order, degree in grid for family in ansatz.solve(order, degree)]
    confirmed = confirm(section.seed, section.gammas)
    derived = {
        "L1": claim_1(),
        "L2": claim_2(),
        "stability": stability(),
        "families": summary(families),
        "jordan_confirmed": confirmed,
    }
    text = appendix(families, errors(confirmed))
    write_json(args.metrics / "derive.json", derived)
    write_json(args.metrics / "families.json", [record(family) for family in families])
    write_text(args.metrics / "appendix_ab.md", text)


def claim_1() -> dict[str, Any]:
    """Degree 2 has no solution, degree 3 exactly one, degree 4 families (section 2.1).

    The branch g(1) = 0, which the paper does not mention, is counted apart.
    """
    correctors = {j: [f for f in ansatz.solve(1, j) if f.value_at_one == 1] for j in (2, 3, 4)}
    others = [f for j in (2, 3, 4) for f in ansatz.solve(1, j) if f.value_at_one == 0]
    only = correctors[3][0].coefficients if correctors[3] else ()
    return {
        "correctors_of_degree_2": len(correctors[2]),
        "correctors_of_degree_3": len(correctors[3]),
        "free_coefficients_of_degree_3": sum(len(f.free) for f in correctors[3]),
        "free_coefficients_of_degree_4": sum(len(f.free) for f in correctors[4]),
        "coefficients_of_degree_3": [int(value) for value in only],
        "zero_branch_not_zero_from_degree": min(f.degree for f in others if not f.is_zero),
    }


def claim_2() -> dict[str, Any]:
    """A fixed point is diagonalisable with eigenvalues in {0, 1/2, 1} (section 2.2).

    The identity matrix, whose one eigenvalue has algebraic and geometric multiplicity n, tells
    multiplicities from the sizes of blocks.
    """
    by_size = {size: jordan.fixed_eigenvalues(size) for size in (1, 2, 3, 4)}
    identity = sympy.eye(2)
    return {
        "fixed_eigenvalues": [float(value) for value in by_size[1]],
        "fixed_eigenvalues_of_larger_blocks": sum(len(by_size[size]) for size in (2, 3, 4)),
        "identity_is_fixed": jordan.relaxed_matrix(identity, jordan.ONE) == identity,
    }


def stability() -> dict[str, Any]:
    """Return the exact side of claim L3, which stage linear measures."""
    multipliers, gamma = jordan.multipliers(), sympy.Symbol("gamma")
    attracting = {point: jordan.attracting_steps(point) for point in multipliers}
    spectrum = jordan.derivative_spectrum(2, 5)
    return {
        "multipliers": {str(point): str(value) for point, value in multipliers.items()},
        "attracting": {str(p): str(steps.as_relational(gamma)) for p, steps in attracting.items()},
        "derivative_at_rank_2_of_5": {str(value): int(count) for value, count in spectrum.items()},
        "real_basins": {
            "immediate": str(jordan.basin_boundaries().immediate),
            "escape": str(jordan.basin_boundaries().escape),
        },
    }


def summary(families: Sequence[ansatz.Family]) -> dict[str, int]:
    """Count the families, and those that the closed form confirms."""
    return {
        "found": len(families),
        "equal_to_closed_form": sum(ansatz.matches_closed_form(family) for family in families),
        "correctors": sum(family.value_at_one == 1 for family in families),
    }


def record(family: ansatz.Family) -> dict[str, Any]:
    """Return a family for machines: exact numbers and formulas as text that SymPy reads back."""
    return {
        "order": family.order,
        "degree": family.degree,
        "value_at_one": family.value_at_one,
        "coefficients": [str(a) for a in family.coefficients],
        "free": [str(a) for a in family.free],
        "latex": family.latex(),
        "closed_form": closed_form(family),
        "proven_equal": ansatz.matches_closed_form(family),
    }


def closed_form(family: ansatz.Family) -> dict[str, Any] | None:
    """Return g as its fixed part plus a factor times q, in x; nothing if it is not of that form."""
    q = ansatz.quotient(family)
    if q is None:
        return None
    return {"expression": str(ansatz.closed_form(family)), "q": [str(a) for a in q]}


def appendix(families: Sequence[ansatz.Family], log10_errors: Sequence[float]) -> str:
    """Return both appendices as Markdown with LaTeX."""
    return render(
        "appendix_ab",
        title=TITLE,
        example=worked_example(),
        families=families,
        smoothstep=smoothstep,
        quotient=quotient,
        **stability_formulas(),
        largest_error=max(log10_errors),
    )


if __name__ == "__main__":
    main()
