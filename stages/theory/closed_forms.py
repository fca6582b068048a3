"""The closed form of the families of Appendix A, in LaTeX."""

import sympy

from idem.theory import ansatz, latex


def smoothstep(order: int) -> str:
    """Return the polynomial S of an order, lowest power first."""
    return sympy.latex(ansatz.smoothstep(order), order="rev-lex")


def quotient(family: ansatz.Family) -> str:
    """Return the polynomial q that makes the closed form this family.

    Raises:
        ArithmeticError: the family is not of the closed form.
    """
    found = ansatz.quotient(family)
    if found is None:
        raise ArithmeticError(f"expected the closed form, got {family}")
    terms = (latex.term(a, latex.power("x", i)) for i, a in enumerate(found) if i and a != 0)
    return latex.total([latex.expression(a) for a in found[:1] if a != 0] + list(terms))
