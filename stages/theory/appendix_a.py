"""Appendix A as Markdown: one derivation line by line, then every family with its closed form."""

from collections.abc import Sequence

import sympy

from idem.theory import ansatz, latex
from idem.theory.latex import display

_K = r"\mathbf{K}"


def appendix_a(families: Sequence[ansatz.Family]) -> list[str]:
    """Return the paragraphs of Appendix A, for these families in their order."""
    parts = ["## A. Solutions to the ansatz", *worked_example()]
    for order in dict.fromkeys(family.order for family in families):
        chosen = [family for family in families if family.order == order]
        parts += [f"### Order {order}: all solutions", *_closed_form(order)]
        parts += _branch("Correctors, $g(1) = 1$", [f for f in chosen if f.value_at_one == 1])
        parts += _branch("The other branch, $g(1) = 0$", [f for f in chosen if not f.value_at_one])
    return parts


def worked_example(order: int = 1, degree: int = 3) -> list[str]:
    """Return the derivation for one order and degree, step by step, as paragraphs of Markdown.

    Raises:
        TypeError: order or degree is not an integer.
        ValueError: order or degree is below 1.
    """
    ansatz.words(order, degree)
    alphas = ansatz.symbols(degree)
    terms = (latex.term(a, latex.power(_K, i)) for i, a in enumerate(alphas, start=1))
    return [
        f"### Worked example: order {order}, degree {degree}",
        r"**Given.** $\mathbf{P}^{2} = \mathbf{P}$, $\mathbf{D}$ is small and does not commute "
        r"with $\mathbf{P}$, and",
        display(rf"{_K} = \mathbf{{P}} + \mathbf{{D}}, \quad {_K}' = {latex.total(terms)}"),
        rf"**Wanted.** All $\alpha$ with $({_K}')^{{2}} - {_K}' = 0$, where each product that "
        rf"holds $\mathbf{{D}}$ more than {_times(order)} is dropped.",
        *_powers(order, degree),
        *_corrected(order, degree),
        *_squared(order, degree),
        *_solved(order, degree),
    ]


def _powers(order: int, degree: int) -> list[str]:
    """Multiply by P + D once more, keep what is short enough, merge neighbouring P's."""
    lines = [
        rf"**1. Powers of** ${_K}$. Each is the one before times $\mathbf{{P}} + \mathbf{{D}}$. "
        r"$\mathbf{P}\mathbf{P}$ becomes $\mathbf{P}$, and a product with too many $\mathbf{D}$ "
        "becomes 0:",
        display(rf"{_K} = \mathbf{{P}} + \mathbf{{D}}"),
    ]
    counts = ansatz.words(order, degree)
    for exponent in range(2, degree + 1):
        before = {word: c[exponent - 1] for word, c in counts.items() if exponent - 1 in c}
        after = {word: c[exponent] for word, c in counts.items() if exponent in c}
        product = _sum({word + letter: n for word, n in before.items() for letter in "PD"})
        lines.append(display(rf"{_K}^{{{exponent}}} = {product} \approx {_sum(after)}"))
    return lines


def _corrected(order: int, degree: int) -> list[str]:
    """Collect the coefficient of each word in K'."""
    lines = [
        rf"**2. The coefficient of each word in** ${_K}'$, read off from these powers; $c$ with "
        "the word as its index:",
    ]
    for word, expression in _coefficients(order, degree).items():
        lines.append(display(f"{_c(word)} = {latex.expression(expression)}"))
    return lines


def _squared(order: int, degree: int) -> list[str]:
    """List, for each word, the products of two words that give it, and what must vanish."""
    coefficients = _coefficients(order, degree)
    lines = [
        rf"**3. The coefficient of each word in** $({_K}')^{{2}} - {_K}'$, which must vanish: "
        "one term for each pair of words whose product it is, less its own coefficient.",
    ]
    for word, equation in ansatz.equations(order, degree).items():
        pairs = [
            (left, right)
            for left in coefficients
            for right in coefficients
            if ansatz.multiply(left, right, order) == word
        ]
        ways = ", ".join(rf"${latex.word(a)} \cdot {latex.word(b)}$" for a, b in pairs)
        squares = [_c(a) + (" " + _c(b) if a != b else "^{2}") for a, b in pairs]
        total = latex.total([*squares, f"-{_c(word)}"] if word in coefficients else squares)
        lines.append(f"${latex.word(word)}$ is {ways or 'no product of two words'}:")
        lines.append(display(rf"{total} = {_factored(equation)} = 0"))
    return lines


def _solved(order: int, degree: int) -> list[str]:
    """Tell the elimination, branch after branch."""
    lines = [
        "**4. Solve**, always the simplest equation left, with all that is known put in. An "
        "equation with two factors makes two branches.",
    ]
    for family in ansatz.solve(order, degree):
        lines.append(f"*Branch* $g(1) = {family.value_at_one}$:")
        for step in family.steps:
            solved = f"{sympy.latex(step.variable)} = {latex.expression(step.value)}"
            lines += [f"The equation of ${latex.word(step.word)}$ is now", _step(step, solved)]
        names = ", ".join(map(sympy.latex, ansatz.symbols(degree)))
        values = ", ".join(map(latex.expression, family.coefficients))
        lines += [
            "Every other equation now reads $0 = 0$. Putting the later results into the earlier:",
            display(rf"({names}) = ({values}), \quad {family.latex()}"),
        ]
    return lines


def _step(step: ansatz.Step, solved: str) -> str:
    equation, several = _factored(step.equation), len(sympy.factor_list(step.equation)[1]) > 1
    chosen = rf"{latex.expression(step.factor)} = 0 \quad\Rightarrow\quad " if several else ""
    return display(rf"{equation} = 0 \quad\Rightarrow\quad {chosen}{solved}")


def _closed_form(order: int) -> list[str]:
    smoothstep = sympy.latex(ansatz.smoothstep(order), order="rev-lex")
    factor = f"x^{{{order + 1}}} (1 - x)^{{{order + 1}}}"
    return [
        rf"Closed form, with $S(x) = {smoothstep}$ and any polynomial $q(x)$:",
        display(rf"g(x) = S(x) + {factor} q(x) \quad \text{{or}} \quad g(x) = {factor} q(x)"),
        r"Below, each family that the elimination finds, and the $q$ that makes it the closed "
        r"form. While the free $\alpha$ run through all values, $q$ runs through all polynomials "
        "of its degree, each once: family and closed form are the same set.",
    ]


def _branch(title: str, families: Sequence[ansatz.Family]) -> list[str]:
    parts = [f"#### {title}"]
    zero = [family.degree for family in families if family.is_zero]
    if zero:
        parts.append(f"Only $g = 0$ in degrees up to {zero[-1]}.")
    if not families:
        parts.append("None of these degrees has one.")
    for family in families:
        if not family.is_zero:
            parts += [f"Degree at most {family.degree}:", display(family.latex())]
            parts.append(display(f"q(x) = {_quotient(family)}"))
    return parts


def _quotient(family: ansatz.Family) -> str:
    found = ansatz.quotient(family)
    if found is None:
        raise ArithmeticError(f"expected the closed form, got {family}")
    terms = (latex.term(a, latex.power("x", i)) for i, a in enumerate(found) if i and a != 0)
    return latex.total([latex.expression(a) for a in found[:1] if a != 0] + list(terms))


def _coefficients(order: int, degree: int) -> dict[str, sympy.Expr]:
    alphas, counts = ansatz.symbols(degree), ansatz.words(order, degree)
    return {
        word: sympy.Add(*(count * alphas[i - 1] for i, count in found.items()))
        for word, found in counts.items()
    }


def _factored(equation: sympy.Expr) -> str:
    constant, factors = sympy.factor_list(equation)[:2]
    if sum(n for _, n in factors) <= 1:
        return latex.expression(sympy.expand(equation))
    parts = [rf"\left({latex.expression(base)}\right)" for base, n in factors for _ in range(n)]
    return latex.term(constant, " ".join(parts))


def _c(word: str) -> str:
    return f"c_{{{latex.word(word)}}}"


def _sum(counts: dict[str, int]) -> str:
    return latex.total(latex.term(sympy.Integer(n), latex.word(w)) for w, n in counts.items())


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
