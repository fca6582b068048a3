"""The closed form of the families."""

import pytest
import sympy

from idem.theory import ansatz
from stages.theory.closed_forms import quotient, smoothstep


def test_the_smoothstep_starts_with_its_lowest_power():
    assert smoothstep(1) == "3 x^{2} - 2 x^{3}"


def test_the_quotient_is_a_polynomial_in_x():
    assert quotient(ansatz.solve(1, 3)[0]) == "0"
    found = quotient(ansatz.solve(1, 5)[0])
    assert found == r"\alpha_{4} + 2 \alpha_{5} + \alpha_{5} x"


def test_a_family_of_no_closed_form_is_an_error():
    with pytest.raises(ArithmeticError, match="expected the closed form, got Family"):
        quotient(ansatz.Family(1, 1, 1, (sympy.Integer(1),)))
