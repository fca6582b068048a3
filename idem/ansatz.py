r"""Every idempotent corrector of a given order and degree, derived (Appendix A).

Let K = P + D with P² = P, P and D not commuting, and K' = α₁K + … + α_jKʲ. Find all α for which
(K')² − K' = 0 once every product with n + 1 or more D's is dropped: K near-idempotent to order n.

Words: a product of P's and D's is a string such as "PDP". P² = P merges neighbouring P's, a word
with more than n D's is dropped, and finitely many remain. Each one's coefficient in (K')² − K' must
vanish: polynomial equations in α. The word P alone gives s² − s = 0, s = Σ α_i = g(1), hence two
branches; on each the equations are linear, one number of D's after the other.

Closed form, checked against but not used: with S the smoothstep of degree 2n + 1,

    g(1) = 1:  g(x) = S(x) + xⁿ⁺¹(1 − x)ⁿ⁺¹ q(x)    the correctors, from degree 2n + 1 on
    g(1) = 0:  g(x) = xⁿ⁺¹(1 − x)ⁿ⁺¹ q(x)           zero to order n; only 0 below degree 2n + 2

Source: Jensen and Vicary, section 2.1 and Appendix A.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sympy
from sympy.polys.rings import PolyElement, PolyRing

X = sympy.Symbol("x")


@dataclass(frozen=True)
class Family:
    """All correctors of one order, at most one degree and one branch."""

    order: int
    degree: int
    value_at_one: int
    """g(1): 1 for correctors, 0 for the branch that sends every near-idempotent to 0."""
    coefficients: tuple[sympy.Expr, ...]
    """α₁ to α_degree, affine in the free ones."""

    @property
    def free(self) -> tuple[sympy.Symbol, ...]:
        """The coefficients that may be chosen, in order."""
        names = symbols(self.degree)
        return tuple(a for a, value in zip(names, self.coefficients, strict=True) if a == value)

    @property
    def is_zero(self) -> bool:
        """Whether the zero polynomial is all there is."""
        return not any(self.coefficients)

    def polynomial(self, x: sympy.Expr = X) -> sympy.Expr:
        """Return g(x), expanded."""
        terms = (a * x**i for i, a in enumerate(self.coefficients, start=1))
        return sympy.expand(sum(terms, start=sympy.Integer(0)))

    def latex(self) -> str:
        """Return g(K), one term a power of K."""
        powers = enumerate(self.coefficients, start=1)
        terms = [_latex_term(value, r"\mathbf{K}", i) for i, value in powers if value != 0]
        return r"g(\mathbf{K}) = " + _latex_sum(terms)


def symbols(degree: int) -> tuple[sympy.Symbol, ...]:
    """Return α₁ to α_degree."""
    return sympy.symbols(f"alpha_1:{degree + 1}")


def words(order: int, degree: int) -> dict[str, dict[int, int]]:
    """Return, for each reduced word, in how many ways it arises in each power of P + D.

    Raises:
        TypeError: order or degree is not an integer.
        ValueError: order or degree is below 1.
    """
    _require_counts(order=order, degree=degree)
    power, found = {"": 1}, dict[str, dict[int, int]]()
    for exponent in range(1, degree + 1):
        following: dict[str, int] = {}
        for word, count in power.items():
            for letter in "PD":
                if product := _multiply(word, letter, order):
                    following[product] = following.get(product, 0) + count
        power = following
        for word, count in power.items():
            found.setdefault(word, {})[exponent] = count
    return found


def equations(order: int, degree: int) -> dict[str, sympy.Expr]:
    """Return the coefficient of each word in (K')² − K', fewest D's first.

    Raises:
        TypeError: order or degree is not an integer.
        ValueError: order or degree is below 1.
    """
    return {word: p.as_expr() for word, p in _equations(order, degree).items()}


def solve(order: int, degree: int) -> tuple[Family, ...]:
    """Return every family of solutions, one a branch, the correctors (g(1) = 1) first.

    The branch g(1) = 0 always holds at least the zero polynomial; the branch g(1) = 1 is missing
    where no corrector of this degree exists.

    Raises:
        TypeError: order or degree is not an integer.
        ValueError: order or degree is below 1.

    Example:
        >>> solve(1, 3)[0].coefficients
        (0, 3, -2)

    Source: section 2.1; Appendix A.
    """
    system = [p for p in _equations(order, degree).values() if p]
    solutions = [_affine(branch, degree) for branch in _eliminate(system, ())]
    families = (Family(order, degree, int(sympy.expand(sum(c))), c) for c in solutions)
    return tuple(sorted(families, key=lambda family: -family.value_at_one))


def smoothstep(order: int) -> sympy.Expr:
    """Return the polynomial of degree 2n + 1 from 0 to 1 with n derivatives zero at both ends."""
    _require_counts(order=order)
    integral = sympy.integrate(sympy.expand(X**order * (1 - X) ** order), X)
    return sympy.expand(integral / integral.subs(X, 1))


def matches_closed_form(family: Family) -> bool:
    """Whether a derived family is the closed form, no smaller and no larger.

    What remains without the smoothstep must be divisible by xⁿ⁺¹(1 − x)ⁿ⁺¹ for any value of the
    free coefficients, and there must be as many of these as q has: two affine spaces of the same
    dimension, one within the other.
    """
    rest = family.polynomial() - family.value_at_one * smoothstep(family.order)
    divisor = (X * (1 - X)) ** (family.order + 1)
    remainder = sympy.rem(sympy.expand(rest), sympy.expand(divisor), X)
    return remainder == 0 and len(family.free) == max(0, family.degree - 2 * family.order - 1)


def worked_example(order: int = 1, degree: int = 3) -> list[str]:
    """Return the derivation for one order and degree, step by step, as lines of Markdown.

    Raises:
        TypeError: order or degree is not an integer.
        ValueError: order or degree is below 1.
    """
    system, alphas = _equations(order, degree), symbols(degree)
    ansatz = [_latex_term(a, r"\mathbf{K}", i) for i, a in enumerate(alphas, start=1)]
    lines = [
        "The ansatz for a near-idempotent matrix:",
        display(r"\mathbf{K} = \mathbf{P} + \mathbf{D}, \quad \mathbf{K}' = " + _latex_sum(ansatz)),
        f"Its powers, with P² = P and without the words that hold more than {order} D:",
    ]
    for exponent in range(1, degree + 1):
        counts = {w: c[exponent] for w, c in words(order, degree).items() if exponent in c}
        terms = [_latex_term(sympy.Integer(c), _latex_word(w), 1) for w, c in counts.items()]
        power = _latex_power(r"\mathbf{K}", exponent)
        lines.append(display(rf"{power} \approx {_latex_sum(terms)}"))
    lines.append("Each word's coefficient in (K')² − K' must vanish:")
    for word, equation in system.items():
        factored = sympy.latex(sympy.factor(equation.as_expr()))
        lines.append(display(rf"{_latex_word(word)}: \quad {factored} = 0"))
    lines.append(
        "Solved for one coefficient after the other, on each branch of the first equation:"
    )
    for branch in _eliminate([p for p in system.values() if p], ()):
        steps = [f"{sympy.latex(a.as_expr())} = {_latex_expr(v.as_expr())}" for a, v in branch]
        values = ", ".join(_latex_expr(value) for value in _affine(branch, degree))
        vector = f"({', '.join(map(sympy.latex, alphas))}) = ({values})"
        lines.append(display(r", \quad ".join(steps) + r" \quad\Rightarrow\quad " + vector))
    return lines


def display(formula: str) -> str:
    """Return a LaTeX formula as a line of its own in Markdown."""
    return f"$$ {formula} $$"


def _equations(order: int, degree: int) -> dict[str, PolyElement]:
    _require_counts(order=order, degree=degree)
    alphas = symbols(degree)
    ring = PolyRing(alphas, sympy.QQ)
    corrected: dict[str, PolyElement] = {
        word: ring.from_expr(sympy.Add(*(count * alphas[i - 1] for i, count in counts.items())))
        for word, counts in words(order, degree).items()
    }
    found: dict[str, PolyElement] = {word: -corrected[word] for word in corrected}
    for left, a in corrected.items():
        for right, b in corrected.items():
            if product := _multiply(left, right, order):
                found[product] = found.get(product, ring.zero) + a * b
    return dict(sorted(found.items(), key=lambda item: (item[0].count("D"), len(item[0]), item[0])))


def _multiply(left: str, right: str, order: int) -> str:
    """Return the reduced product of two words, empty if it has more than `order` D's."""
    if left.count("D") + right.count("D") > order:
        return ""
    return left + (right[1:] if left.endswith("P") and right.startswith("P") else right)


Steps = tuple[tuple[PolyElement, PolyElement], ...]


def _eliminate(system: list[PolyElement], steps: Steps) -> Iterator[Steps]:
    """Yield a solution a branch, as substitutions in the order made.

    A linear equation comes first if there is one; a product of linear ones branches.
    """
    if not system:
        yield steps
        return
    if any(p.is_ground for p in system):
        return
    for factor, _ in min(system, key=_degree).factor_list()[1]:
        variable, value = _isolate(factor)
        reduced = (p.compose(variable, value) for p in system)
        yield from _eliminate([p for p in reduced if p], (*steps, (variable, value)))


def _isolate(equation: PolyElement) -> tuple[PolyElement, PolyElement]:
    """Solve a linear equation for its variable of lowest index."""
    if _degree(equation) != 1:
        raise ArithmeticError(f"expected a product of linear factors, got {equation.as_expr()}")
    variable = next(x for x in equation.ring.gens if equation.coeff(x))
    return variable, variable - equation * (1 / equation.coeff(variable))


def _degree(p: PolyElement) -> int:
    return max(sum(exponents) for exponents in p.itermonoms())


def _affine(steps: Steps, degree: int) -> tuple[sympy.Expr, ...]:
    values: dict[sympy.Expr, sympy.Expr] = {a: a for a in symbols(degree)}
    for variable, value in reversed(steps):
        values[variable.as_expr()] = sympy.expand(value.as_expr().subs(list(values.items())))
    return tuple(values.values())


def _latex_word(word: str) -> str:
    return "".join(rf"\mathbf{{{letter}}}" for letter in word)


def _latex_power(base: str, exponent: int) -> str:
    return base if exponent == 1 else f"{base}^{{{exponent}}}"


def _latex_expr(value: sympy.Expr) -> str:
    """Return a sum with its α in the order of their indices, the constant first."""
    terms = sorted(sympy.Add.make_args(value), key=_highest_index)
    return _latex_sum([sympy.latex(term) for term in terms])


def _highest_index(term: sympy.Basic) -> int:
    return max((int(str(a).removeprefix("alpha_")) for a in term.atoms(sympy.Symbol)), default=0)


def _latex_term(coefficient: sympy.Expr, base: str, exponent: int) -> str:
    factor = _latex_expr(coefficient)
    if coefficient.is_Add:
        factor = rf"\left({factor}\right)"
    return f"{factor} {_latex_power(base, exponent)}".removeprefix("1 ").replace("-1 ", "-")


def _latex_sum(terms: list[str]) -> str:
    return " + ".join(terms).replace("+ -", "- ").replace("-  ", "- ") or "0"


def _require_counts(**counts: int) -> None:
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int):
            raise TypeError(f"{name}: expected an integer, got {type(count).__name__}")
        if count < 1:
            raise ValueError(f"{name}: expected 1 or more, got {count}")
