"""The formulas of one derivation of Appendix A, line by line; the sentences are in a template."""

from typing import Any

import sympy

from idem.theory import ansatz, latex


def worked_example(order: int = 1, degree: int = 3) -> dict[str, Any]:
    r"""Return what `worked_example.md.j2` shows, in LaTeX.

    Returns:
        ``powers``: of each power of K from the second on, multiplied out, and what is kept of it;
        ``coefficients``: of each word in K', its name and its value in α; ``equations``: each word,
        the products that give it, and its coefficient in (K')² − K' in the names and in α;
        ``branches``: the elimination, step by step, and its result.

    Raises:
        TypeError: order or degree is not an integer.
        ValueError: order or degree is below 1.
    """
    counts = ansatz.words(order, degree)
    alphas = ansatz.symbols(degree)
    coefficients = {
        word: sympy.Add(*(count * alphas[i - 1] for i, count in found.items()))
        for word, found in counts.items()
    }
    terms = (latex.term(a, latex.power(r"\mathbf{K}", i)) for i, a in enumerate(alphas, start=1))
    return {
        "order": order,
        "degree": degree,
        "ansatz": latex.total(terms),
        "powers": [_power(counts, exponent) for exponent in range(2, degree + 1)],
        "coefficients": [(_c(word), latex.expression(c)) for word, c in coefficients.items()],
        "equations": [
            _equation(word, equation, list(coefficients), order)
            for word, equation in ansatz.equations(order, degree).items()
        ],
        "branches": [_branch(family) for family in ansatz.solve(order, degree)],
    }


def _power(counts: dict[str, dict[int, int]], exponent: int) -> tuple[str, str]:
    """Multiply by P + D once more, keep what is short enough, merge neighbouring P's."""
    before = {word: c[exponent - 1] for word, c in counts.items() if exponent - 1 in c}
    after = {word: c[exponent] for word, c in counts.items() if exponent in c}
    return _sum({word + letter: n for word, n in before.items() for letter in "PD"}), _sum(after)


def _equation(
    word: str, equation: sympy.Expr, words: list[str], order: int
) -> tuple[str, str, str, str]:
    """Return a word, the products of two words that give it, and what must vanish, twice."""
    pairs = [(a, b) for a in words for b in words if ansatz.multiply(a, b, order) == word]
    products = ", ".join(rf"${latex.word(a)} \cdot {latex.word(b)}$" for a, b in pairs)
    squares = [_c(a) + (" " + _c(b) if a != b else "^{2}") for a, b in pairs]
    total = latex.total([*squares, f"-{_c(word)}"] if word in words else squares)
    return latex.word(word), products, total, _factored(equation)


def _branch(family: ansatz.Family) -> dict[str, Any]:
    names = ", ".join(map(sympy.latex, ansatz.symbols(family.degree)))
    values = ", ".join(map(latex.expression, family.coefficients))
    return {
        "value_at_one": family.value_at_one,
        "steps": [(latex.word(step.word), _step(step)) for step in family.steps],
        "coefficients": f"({names}) = ({values})",
        "formula": family.latex(),
    }


def _step(step: ansatz.Step) -> str:
    """Return an equation, the factor of it that is set to 0 if it has several, and what follows."""
    lines = [f"{_factored(step.equation)} = 0"]
    if len(sympy.factor_list(step.equation)[1]) > 1:
        lines.append(f"{latex.expression(step.factor)} = 0")
    lines.append(f"{sympy.latex(step.variable)} = {latex.expression(step.value)}")
    return r" \quad\Rightarrow\quad ".join(lines)


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
