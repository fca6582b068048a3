r"""LaTeX for the formulas of Appendix A: words of matrices, and sums read from left to right.

SymPy sorts the terms of a sum for itself. A derivation is followed more easily with the constant
first and the coefficients α in the order of their indices, as the paper prints them.
"""

from collections.abc import Iterable

import sympy


def word(letters: str) -> str:
    """Return a product of matrices such as "PDP", in bold."""
    return "".join(rf"\mathbf{{{letter}}}" for letter in letters)


def power(base: str, exponent: int) -> str:
    """Return base^exponent, without an exponent of 1."""
    return base if exponent == 1 else f"{base}^{{{exponent}}}"


def expression(value: sympy.Expr) -> str:
    """Return a sum with its α in the order of their indices, the constant first."""
    return total(sympy.latex(part) for part in sorted(sympy.Add.make_args(value), key=_index))


def term(coefficient: sympy.Expr, base: str) -> str:
    """Return coefficient · base, without a factor of 1 and with parentheses round a sum."""
    if coefficient in (1, -1):
        return f"-{base}" if coefficient == -1 else base
    factor = expression(coefficient)
    return rf"\left({factor}\right) {base}" if coefficient.is_Add else f"{factor} {base}"


def total(terms: Iterable[str]) -> str:
    """Return the sum of these terms; a term that starts with a minus is subtracted."""
    joined = ""
    for part in terms:
        sign, rest = ("-", part[1:].lstrip()) if part.startswith("-") else ("+", part)
        joined += f" {sign} {rest}" if joined else part
    return joined or "0"


def _index(part: sympy.Basic) -> int:
    """Return the highest index among the symbols of a term, 0 if it is a number."""
    indices = (str(symbol).rpartition("_")[2] for symbol in part.atoms(sympy.Symbol))
    return max((int(index) for index in indices if index.isdigit()), default=0)
