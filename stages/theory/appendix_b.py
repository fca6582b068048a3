"""Appendix B as Markdown: fixed points and stability through the Jordan normal form, corrected."""

import re
from collections.abc import Sequence

import sympy

from idem.theory import jordan, manifold
from idem.theory.latex import display

_STEP = r"m(\mathbf{K}) = (1 - \gamma) \mathbf{K} + \gamma g(\mathbf{K})"
_CORRECTED = r"""
- *Multiplicity.* The paper puts conditions 7 to 9 on the algebraic multiplicity of an eigenvalue,
  and concludes that its geometric multiplicity is 1. They hold for the **size of its largest Jordan
  block**. The identity is a counterexample to the words of the paper: $3 \mathbf{I}^{2} - 2
  \mathbf{I}^{3} = \mathbf{I}$ is a fixed point, and its only eigenvalue 1 has both multiplicities
  $n$. The conclusion stands: a fixed point is diagonalisable, with eigenvalues 0, $\frac{1}{2}$, 1.
- *Range of the step size.* The paper has $0 \leq \gamma < 1$. At $\gamma = 0$ the recurrence leaves
  every matrix as it is, and nothing attracts or repels; from 1 to 2 idempotents still attract.
  The range in which 0 and 1 attract and $\frac{1}{2}$ repels is $0 < \gamma < 2$.
- *What attracts.* For matrices of rank $r$ with $0 < r < n$ no single idempotent attracts: along
  the manifold of idempotents nothing is pulled back. The manifold as a whole attracts.
"""
_BLOCKS = r"""
With $\mathbf{K} = \mathbf{V} \mathbf{J} \mathbf{V}^{-1}$ in Jordan normal form $m(\mathbf{K}) =
\mathbf{V} m(\mathbf{J}) \mathbf{V}^{-1}$, as $m$ is a polynomial, and $m(\mathbf{J})$ has the
blocks $m(\mathbf{J}_{i})$. So $\mathbf{K}$ is a fixed point exactly if each of its Jordan blocks is
one. $m(\mathbf{J}_{i}) - \mathbf{J}_{i}$ is the same along each diagonal and 0 below the main one:
its first row says all.
"""
_SAME = r"""
Each entry is $\gamma$ times one that does not hold $\gamma$. So for every $\gamma \neq 0$ the
relaxed recurrence has the fixed points of $g$. A block of size $d$ has the first $d$ of these
entries, and zeros after the fourth: larger blocks bring no new equation.
"""
_FATE = r"""
Their eigenvalue is fixed, and what is above the diagonal moves. Write such a block as $\lambda
\mathbf{I} + c_{1} \mathbf{N} + c_{2} \mathbf{N}^{2} + c_{3} \mathbf{N}^{3}$, where $\mathbf{N}$ has
ones above the diagonal (a Jordan block: $c_{1} = 1$, else 0). One step makes of it, read off from
the first row:
"""
_SHRINK = r"""
Over 0 and 1 the first superdiagonal is multiplied by $1 - \gamma$, and each further one by $1 -
\gamma$ too, but for products of those before it, which vanish faster. So for $0 < \gamma < 2$ the
nilpotent part goes to 0 and the block becomes $\lambda \mathbf{I}$: diagonalisable. At $\gamma = 1$
no linear term is left; $\mathbf{M} = c_{1} \mathbf{N} + \ldots$ becomes $3 \mathbf{M}^{2} - 2
\mathbf{M}^{3}$ over 0 and $- 3 \mathbf{M}^{2} - 2 \mathbf{M}^{3}$ over 1, of order
$\mathbf{N}^{2}$: each step halves the size at which it is nilpotent, and a block of size $d$ is
diagonal after $k$ steps if $2^{k} \geq d$. Over $\frac{1}{2}$ the first superdiagonal is multiplied
by $1 + \frac{\gamma}{2} > 1$ and grows without end: such a matrix has the eigenvalues of a fixed
point and runs away from all of them.
"""
_DIRECTIONS = r"""
Let $\mathbf{P}$ be idempotent of rank $r$. In a basis of its range and its kernel it is
$\mathbf{I}$ in the first block and 0 elsewhere, and a direction $\mathbf{X}$ has four blocks:
$\mathbf{P} \mathbf{X} \mathbf{P}$, $\mathbf{P} \mathbf{X} (\mathbf{I} - \mathbf{P})$, $(\mathbf{I}
- \mathbf{P}) \mathbf{X} \mathbf{P}$ and $(\mathbf{I} - \mathbf{P}) \mathbf{X} (\mathbf{I} -
\mathbf{P})$. The code takes them as symbols that do not commute, so that the following
holds for every rank and size. What is
linear in $\epsilon$ of $m(\mathbf{P} + \epsilon \mathbf{X})$:
"""
_ROTATION = r"""
It vanishes exactly on the off-diagonal blocks. These are not only solutions to first order: with
$\mathbf{Z} = \mathbf{X} \mathbf{P} - \mathbf{P} \mathbf{X}$ all matrices $e^{t \mathbf{Z}}
\mathbf{P} e^{-t \mathbf{Z}}$ are idempotent, being similar to $\mathbf{P}$, and their velocity at
$t = 0$ is
"""
_KINDS = r"""
- **Normal**: $\mathbf{P} \mathbf{X} \mathbf{P} + (\mathbf{I} - \mathbf{P}) \mathbf{X} (\mathbf{I} -
  \mathbf{P})$, of dimension $r^{2} + (n - r)^{2}$, multiplied by $1 - \gamma$. A deviation of
  this kind vanishes for $0 < \gamma < 2$, quadratically at $\gamma = 1$.
- **Tangential**: $\mathbf{P} \mathbf{X} (\mathbf{I} - \mathbf{P}) + (\mathbf{I} - \mathbf{P})
  \mathbf{X} \mathbf{P}$, of dimension $2 r (n - r)$, multiplied by 1 for every $\gamma$: it leads
  to another idempotent of the same rank, which is a fixed point too.
"""
_OTHERS = r"""
Between the eigenspaces of two fixed eigenvalues the derivative is the divided difference of $m$
(Daleckii and Krein). $m$ fixes both, so it is 1 between different ones. With $p$, $q$ and $r$ the
dimensions of the eigenspaces of 0, $\frac{1}{2}$ and 1, the multiplier $1 - \gamma$ has dimension
$p^{2} + r^{2}$, $1 + \frac{\gamma}{2}$ has $q^{2}$, and 1 has $2 (pq + pr + qr)$. For $0 < \gamma <
2$ every fixed point with $q > 0$ is repelling in $q^{2}$ directions: among the fixed points the
idempotents, and they alone, have no repelling direction.
"""


def appendix_b(errors: Sequence[float]) -> list[str]:
    """Return the paragraphs of Appendix B.

    Args:
        errors: of the measurements that confirm it, as log10.
    """
    return [
        "## B. Fixed points and stability, by the Jordan normal form",
        r"$g(\mathbf{K}) = 3 \mathbf{K}^{2} - 2 \mathbf{K}^{3}$ is the corrector, and one step of "
        "the relaxed recurrence is",
        display(_STEP),
        "### What is corrected here",
        _lines(_CORRECTED),
        *_fixed_points(),
        *_larger_blocks(),
        *_eigenvalues(),
        *_idempotents(),
        "### Fixed points that are not idempotent",
        _lines(_OTHERS),
        *_basins(),
        "### Numeric confirmation",
        "On matrices constructed with given Jordan blocks in random bases, in float64, all "
        "multipliers, superdiagonals, eigenvalues of the derivative and its action on both kinds "
        f"of direction agree with the above to $10^{{{_exponent(errors)}}}$ or better "
        "(`jordan_confirmed` in derive.json).",
    ]


def _fixed_points() -> list[str]:
    parts = ["### Fixed points, block by block", _lines(_BLOCKS)]
    for k, entry in enumerate(jordan.block_equations(4, jordan.GAMMA)):
        parts.append(f"Entry {k + 1}, for blocks of size {k + 1} or more:")
        parts.append(display(f"{sympy.latex(sympy.factor(entry))} = 0"))
    parts.append(_lines(_SAME))
    for size in (1, 2, 3, 4):
        values = ", ".join(map(sympy.latex, jordan.fixed_eigenvalues(size, jordan.GAMMA)))
        found = rf"fixed for $\lambda \in \{{{values}\}}$" if values else "fixed for no $\\lambda$"
        parts.append(f"- size {size}: {found}")
    return _tight(parts)


def _larger_blocks() -> list[str]:
    parts = ["### What becomes of larger blocks over 0, ½ and 1", _lines(_FATE)]
    for point in jordan.fixed_eigenvalues(1):
        image = jordan.step_on_superdiagonals(point, 4)
        parts.append(rf"$\lambda = {sympy.latex(point)}$:")
        parts += [display(f"c_{k}' = {sympy.latex(c)}") for k, c in enumerate(image, start=1)]
    return [*parts, _lines(_SHRINK)]


def _eigenvalues() -> list[str]:
    parts = [
        "### Eigenvalues: multipliers and where they attract",
        r"The derivative of $(1 - \gamma) \lambda + \gamma (3 \lambda^{2} - 2 \lambda^{3})$ at its "
        "fixed points, and the step sizes for which it is below 1 in absolute value:",
    ]
    for point, value in jordan.multipliers().items():
        steps = sympy.latex(jordan.attracting_steps(point))
        line = rf"\lambda = {sympy.latex(point)}: \quad {sympy.latex(value)}, \quad \gamma \in"
        parts.append(display(f"{line} {steps}"))
    return parts


def _idempotents() -> list[str]:
    rotated = _matrix(manifold.velocity())
    return [
        "### Directions normal and tangential to the manifold of idempotents",
        _lines(_DIRECTIONS),
        display(_matrix(manifold.derivative())),
        r"What is linear in $\epsilon$ of $(\mathbf{P} + \epsilon \mathbf{X})^{2} - (\mathbf{P} + "
        r"\epsilon \mathbf{X})$, the idempotency equation linearised, $\mathbf{P} \mathbf{X} + "
        r"\mathbf{X} \mathbf{P} - \mathbf{X}$:",
        display(_matrix(manifold.linearised_idempotency())),
        _lines(_ROTATION),
        display(rf"\mathbf{{Z}} \mathbf{{P}} - \mathbf{{P}} \mathbf{{Z}} = {rotated}"),
        "Hence",
        _lines(_KINDS),
    ]


def _basins() -> list[str]:
    ends = jordan.basin_boundaries()
    return [
        "### Basins on the real axis",
        r"With $t = \lambda - \frac{1}{2}$ the map is $t' = (1 + \frac{\gamma}{2}) t - 2 \gamma "
        r"t^{3}$. The immediate basins of 0 and 1 end where $t' = 0$, the bounded orbits at the "
        r"2-cycle $t' = -t$, that is at these $\left|t\right|$:",
        display(rf"{sympy.latex(ends.immediate)}, \quad {sympy.latex(ends.escape)}"),
    ]


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


def _lines(text: str) -> str:
    """Return a wrapped text with each paragraph and each item of a list on one line."""
    return re.sub(r"\s*\n(?!- \*)\s*", " ", text.strip())


def _exponent(errors: Sequence[float]) -> int:
    return int(sympy.ceiling(max(errors)))


def _tight(parts: list[str]) -> list[str]:
    """Join the items of a list, which stand at the end, into one paragraph."""
    items = [part for part in parts if part.startswith("- ")]
    return [*(part for part in parts if not part.startswith("- ")), "\n".join(items)]
