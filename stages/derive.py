"""Stage derive: appendices A and B from first principles, with verdicts on claims L1 and L2."""

from itertools import product
from typing import Any

import pandas as pd
import sympy

from idem import ansatz, jordan
from stages import params
from stages.files import write_csv, write_json, write_text


def main() -> None:
    """Solve the ansatz for every order and degree, analyse the fixed points, write both."""
    args = params.arguments("derive the correctors and their fixed points")
    section = params.read(args.params).derive
    grid = product(section.orders, range(1, section.max_degree + 1))
    families = [family for order, degree in grid for family in ansatz.solve(order, degree)]
    derived = {
        "L1": claim_1(),
        "L2": claim_2(),
        "stability": stability(),
        "families": summary(families),
    }
    write_json(args.metrics / "derive.json", derived)
    write_csv(args.metrics / "derive.csv", pd.DataFrame([row(family) for family in families]))
    write_text(args.metrics / "appendix_ab.md", appendix(families))


def verdict(holds: bool, as_stated: bool) -> str:
    """Return the verdict on a claim: does it hold, and does it hold in the paper's words."""
    if not holds:
        return "not reproduced"
    return "reproduced" if as_stated else "reproduced with a correction"


def claim_1() -> dict[str, Any]:
    """Degree 2 has no solution, degree 3 exactly one, degree 4 families (section 2.1).

    As stated, it would also exclude the branch g(1) = 0; it does not mention it.
    """
    correctors = {j: [f for f in ansatz.solve(1, j) if f.value_at_one == 1] for j in (2, 3, 4)}
    others = [f for j in (2, 3, 4) for f in ansatz.solve(1, j) if f.value_at_one == 0]
    only = correctors[3][0].coefficients if correctors[3] else ()
    unique = len(correctors[3]) == 1 and not correctors[3][0].free
    holds = not correctors[2] and unique and any(f.free for f in correctors[4])
    return {
        "verdict": verdict(holds and only == (0, 3, -2), as_stated=not others),
        "correctors_of_degree_2": len(correctors[2]),
        "correctors_of_degree_3": len(correctors[3]),
        "free_coefficients_of_degree_3": sum(len(f.free) for f in correctors[3]),
        "free_coefficients_of_degree_4": sum(len(f.free) for f in correctors[4]),
        "coefficients_of_degree_3": [int(value) for value in only],
        "zero_branch_not_zero_from_degree": min(f.degree for f in others if not f.is_zero),
    }


def claim_2() -> dict[str, Any]:
    """A fixed point is diagonalisable with eigenvalues in {0, 1/2, 1} (section 2.2).

    As stated, with multiplicities of eigenvalues for sizes of blocks, it would exclude the identity
    matrix, whose one eigenvalue has algebraic and geometric multiplicity n.
    """
    by_size = {size: jordan.fixed_eigenvalues(size) for size in (1, 2, 3, 4)}
    half = sympy.Rational(1, 2)
    holds = set(by_size[1]) == {0, half, 1} and not any(by_size[size] for size in (2, 3, 4))
    identity = sympy.eye(2)
    identity_is_fixed = 3 * identity**2 - 2 * identity**3 == identity
    return {
        "verdict": verdict(holds, as_stated=not identity_is_fixed),
        "fixed_eigenvalues": [float(value) for value in by_size[1]],
        "fixed_eigenvalues_of_larger_blocks": sum(len(by_size[size]) for size in (2, 3, 4)),
        "identity_is_fixed": identity_is_fixed,
    }


def stability() -> dict[str, Any]:
    """Return the exact side of claim L3; stage linear measures it and gives the verdict."""
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


def summary(families: list[ansatz.Family]) -> dict[str, int]:
    """Count the families, and those that the closed form confirms."""
    return {
        "found": len(families),
        "equal_to_closed_form": sum(ansatz.matches_closed_form(family) for family in families),
        "correctors": sum(family.value_at_one == 1 for family in families),
    }


def row(family: ansatz.Family) -> dict[str, Any]:
    """Return a family as a row of the table, its coefficients as text."""
    coefficients = {f"alpha_{i}": str(a) for i, a in enumerate(family.coefficients, start=1)}
    return {
        "order": family.order,
        "degree": family.degree,
        "value_at_one": family.value_at_one,
        "free": len(family.free),
        "equal_to_closed_form": ansatz.matches_closed_form(family),
        **coefficients,
    }


def appendix(families: list[ansatz.Family]) -> str:
    """Return both appendices as Markdown with LaTeX."""
    parts = ["# A. Solutions to the ansatz", "## Worked example: order 1, degree 3"]
    parts += ansatz.worked_example()
    for order in dict.fromkeys(family.order for family in families):
        for value, title in ((1, "correctors, g(1) = 1"), (0, "the other branch, g(1) = 0")):
            parts.append(f"## Order {order}: {title}")
            chosen = [f for f in families if (f.order, f.value_at_one) == (order, value)]
            parts += [_family(family) for family in chosen if not family.is_zero]
            zero = [str(family.degree) for family in chosen if family.is_zero]
            parts += [f"Only zero in degrees up to {zero[-1]}."] if zero else []
    return "\n\n".join(parts + _jordan()) + "\n"


def _family(family: ansatz.Family) -> str:
    return f"Degree at most {family.degree}:\n\n{ansatz.display(family.latex())}"


def _jordan() -> list[str]:
    parts = ["# B. Jordan normal form analysis"]
    for size in (1, 2, 3, 4):
        equations = [f"{sympy.latex(e)} = 0" for e in jordan.block_equations(size)]
        values = ", ".join(sympy.latex(value) for value in jordan.fixed_eigenvalues(size))
        parts += [
            f"Jordan block of size {size}: the first row of g(J) − J vanishes, that is",
            ansatz.display(r", \quad ".join(equations)),
            f"Solutions: ${values}$." if values else "No solution.",
        ]
    parts.append("Derivative of (1 − γ)λ + γ h(λ) at the fixed points, and where they attract:")
    for point, value in jordan.multipliers().items():
        steps = sympy.latex(jordan.attracting_steps(point))
        line = rf"\lambda = {sympy.latex(point)}: \quad {sympy.latex(value)}, \quad \gamma \in"
        parts.append(ansatz.display(f"{line} {steps}"))
    ends = jordan.basin_boundaries()
    parts += [
        "Ends of the immediate basins and of the bounded orbits on the real axis, from ½:",
        ansatz.display(rf"{sympy.latex(ends.immediate)}, \quad {sympy.latex(ends.escape)}"),
    ]
    return parts


if __name__ == "__main__":
    main()
