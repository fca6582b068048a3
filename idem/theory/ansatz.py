r"""Every idempotent corrector of a given order and degree, derived (Appendix A).

Let K = P + D with P² = P and K' = α₁K + … + α_jKʲ. Find all α for which, for every such P and D,
(K')² − K' = 0 once every product with n + 1 or more D's is dropped: K near-idempotent to order n.

Words: a product of P's and D's is a string such as "PDP". P² = P merges neighbouring P's, a word
with more than n D's is dropped, and finitely many remain. Each one's coefficient in (K')² − K' must
vanish: polynomial equations in α. The word P alone gives s² − s = 0, s = Σ α_i = g(1), hence two
branches; on each the equations are linear, one number of D's after the other. Every step replaces
the equations by equivalent ones, so that nothing is lost on the way.

Closed form, checked against but not used: with S the smoothstep of degree 2n + 1,

    g(1) = 1:  g(x) = S(x) + xⁿ⁺¹(1 − x)ⁿ⁺¹ q(x)    the correctors, from degree 2n + 1 on
    g(1) = 0:  g(x) = xⁿ⁺¹(1 − x)ⁿ⁺¹ q(x)           zero to order n; only 0 below degree 2n + 2

Source: Jensen and Vicary, section 2.1 and Appendix A.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import sympy
from sympy.polys.rings import PolyElement, PolyRing

from idem.theory import latex

X = sympy.Symbol("x")


@dataclass(frozen=True)
class Step:
    """One coefficient, solved for during the elimination."""

    word: str
    """The word whose equation is used."""
    equation: sympy.Expr
    """What has to vanish, with all earlier steps substituted."""
    factor: sympy.Expr
    """The linear factor of it that is set to 0; another factor is another branch."""
    variable: sympy.Expr
    value: sympy.Expr
    """The variable in terms of those not solved for yet."""


@dataclass(frozen=True)
class Family:
    """All correctors of one order, at most one degree and one branch."""

    order: int
    degree: int
    value_at_one: int
    """g(1): 1 for correctors, 0 for the branch that sends every near-idempotent to 0."""
    coefficients: tuple[sympy.Expr, ...]
    """α₁ to α_degree, affine in the free ones."""
    steps: tuple[Step, ...] = field(default=(), repr=False, compare=False)
    """How the elimination found it."""

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
        terms = (latex.term(a, latex.power(r"\mathbf{K}", i)) for i, a in powers if a != 0)
        return r"g(\mathbf{K}) = " + latex.total(terms)


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
                if product := multiply(word, letter, order):
                    following[product] = following.get(product, 0) + count
        power = following
        for word, count in power.items():
            found.setdefault(word, {})[exponent] = count
    return found


def multiply(left: str, right: str, order: int) -> str:
    """Return the reduced product of two words, empty if it has more than `order` D's."""
    if left.count("D") + right.count("D") > order:
        return ""
    return left + (right[1:] if left.endswith("P") and right.startswith("P") else right)


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
    system = {word: p for word, p in _equations(order, degree).items() if p}
    families = (_family(order, degree, steps) for steps in _eliminate(system, ()))
    return tuple(sorted(families, key=lambda family: -family.value_at_one))


def smoothstep(order: int) -> sympy.Expr:
    """Return the polynomial of degree 2n + 1 from 0 to 1 with n derivatives zero at both ends."""
    _require_counts(order=order)
    integral = sympy.integrate(sympy.expand(X**order * (1 - X) ** order), X)
    return sympy.expand(integral / integral.subs(X, 1))


def quotient(family: Family) -> tuple[sympy.Expr, ...] | None:
    """Return q₀, q₁, … of q in g(x) = g(1) S(x) + xⁿ⁺¹(1 − x)ⁿ⁺¹ q(x), in terms of the free α.

    Returns:
        As many as a q of this degree has; nothing if g is not of this form for every value of the
        free coefficients.
    """
    rest = family.polynomial() - family.value_at_one * smoothstep(family.order)
    divisor = (X * (1 - X)) ** (family.order + 1)
    found, remainder = sympy.Poly(rest, X).div(sympy.Poly(divisor, X))
    if not remainder.is_zero:
        return None
    count = max(0, family.degree - 2 * family.order - 1)
    return tuple(sympy.expand(found.coeff_monomial(X**i)) for i in range(count))


def closed_form(family: Family) -> sympy.Expr:
    """Return g(1) S(x) + xⁿ⁺¹(1 − x)ⁿ⁺¹ q(x), not multiplied out.

    Raises:
        ArithmeticError: the family is not of this form.
    """
    coefficients = quotient(family)
    if coefficients is None:
        raise ArithmeticError(f"expected the closed form of order {family.order}, got {family}")
    q = sympy.Add(*(a * X**i for i, a in enumerate(coefficients)))
    factor = X ** (family.order + 1) * (1 - X) ** (family.order + 1)
    return family.value_at_one * smoothstep(family.order) + factor * q


def matches_closed_form(family: Family) -> bool:
    """Whether a derived family is the closed form, no smaller and no larger.

    There must be a q for any value of the free coefficients, and q must run through all polynomials
    of its degree, each once: its coefficients are an invertible affine map of the free ones.
    """
    found, free = quotient(family), family.free
    if found is None or len(found) != len(free):
        return False
    return not free or sympy.Matrix(found).jacobian(sympy.Matrix(free)).det() != 0


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
            if product := multiply(left, right, order):
                found[product] = found.get(product, ring.zero) + a * b
    return dict(sorted(found.items(), key=lambda item: (item[0].count("D"), len(item[0]), item[0])))


def _eliminate(
    system: dict[str, PolyElement], steps: tuple[Step, ...]
) -> Iterator[tuple[Step, ...]]:
    """Yield the steps of each branch.

    A linear equation comes first if there is one; a product of linear ones branches.
    """
    if not system:
        yield steps
        return
    if any(p.is_ground for p in system.values()):
        return
    word = min(system, key=lambda word: _degree(system[word]))
    for factor, _ in system[word].factor_list()[1]:
        variable, value = _isolate(factor)
        expressions = (p.as_expr() for p in (system[word], factor, variable, value))
        reduced = {other: p.compose(variable, value) for other, p in system.items()}
        remaining = {other: p for other, p in reduced.items() if p}
        yield from _eliminate(remaining, (*steps, Step(word, *expressions)))


def _isolate(equation: PolyElement) -> tuple[PolyElement, PolyElement]:
    """Solve a linear equation for its variable of lowest index."""
    if _degree(equation) != 1:
        raise ArithmeticError(f"expected a product of linear factors, got {equation.as_expr()}")
    variable = next(x for x in equation.ring.gens if equation.coeff(x))
    return variable, variable - equation * (1 / equation.coeff(variable))


def _degree(p: PolyElement) -> int:
    return max(sum(exponents) for exponents in p.itermonoms())


def _family(order: int, degree: int, steps: tuple[Step, ...]) -> Family:
    values: dict[sympy.Expr, sympy.Expr] = {a: a for a in symbols(degree)}
    for step in reversed(steps):
        values[step.variable] = sympy.expand(step.value.subs(list(values.items())))
    coefficients = tuple(values.values())
    return Family(order, degree, int(sympy.expand(sum(coefficients))), coefficients, steps)


def _require_counts(**counts: int) -> None:
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int):
            raise TypeError(f"{name}: expected an integer, got {type(count).__name__}")
        if count < 1:
            raise ValueError(f"{name}: expected 1 or more, got {count}")
