"""The formulas of Appendix B, in LaTeX: fixed points, multipliers, directions; text elsewhere."""

from typing import Any

import sympy

from idem.theory import jordan, manifold

SIZES = (1, 2, 3, 4)  # of Jordan blocks; larger ones bring no new equation


def stability_formulas() -> dict[str, Any]:
    """Return what `appendix_b.md.j2` shows of what is derived."""
    ends = jordan.basin_boundaries()
    return {
        "block_entries": [
            sympy.latex(sympy.factor(entry))
            for entry in jordan.block_equations(SIZES[-1], jordan.GAMMA)
        ],
        "fixed_eigenvalues": {
            size: ", ".join(map(sympy.latex, jordan.fixed_eigenvalues(size, jordan.GAMMA)))
            for size in SIZES
        },
        "steps_on_superdiagonals": {
            sympy.latex(point): [
                sympy.latex(c) for c in jordan.step_on_superdiagonals(point, SIZES[-1])
            ]
            for point in jordan.fixed_eigenvalues(1)
        },
        "multipliers": [
            tuple(map(sympy.latex, (point, multiplier, jordan.attracting_steps(point))))
            for point, multiplier in jordan.multipliers().items()
        ],
        "derivative": _matrix(manifold.derivative()),
        "linearised_idempotency": _matrix(manifold.linearised_idempotency()),
        "velocity": _matrix(manifold.velocity()),
        "immediate": sympy.latex(ends.immediate),
        "escape": sympy.latex(ends.escape),
    }


def _matrix(blocks: sympy.Matrix) -> str:
    """Return a matrix of blocks, each a multiple of one block of the direction."""
    pairs = zip(blocks.flat(), manifold.direction().flat(), strict=True)
    a, b, c, d = (_multiple(entry, symbol) for entry, symbol in pairs)
    return rf"\begin{{pmatrix}} {a} & {b} \\ {c} & {d} \end{{pmatrix}}"


def _multiple(entry: sympy.Expr, symbol: sympy.Expr) -> str:
    factor = sympy.expand(entry).coeff(symbol)
    if factor in (0, 1, -1):
        return sympy.latex(entry)
    return rf"\left({sympy.latex(factor)}\right) {sympy.latex(symbol)}"
