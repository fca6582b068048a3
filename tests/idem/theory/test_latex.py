"""LaTeX of sums and words."""

import sympy

from idem.theory import latex

A, B = sympy.symbols("alpha_2 alpha_10")


def test_a_sum_has_the_constant_first_and_then_the_indices_in_order():
    assert latex.expression(B - 2 * A - 1) == r"-1 - 2 \alpha_{2} + \alpha_{10}"
    assert latex.expression(sympy.Integer(0)) == "0"


def test_factors_of_1_are_left_out_and_sums_are_put_in_parentheses():
    assert latex.term(sympy.Integer(1), "x") == "x"
    assert latex.term(sympy.Integer(-1), "x") == "-x"
    assert latex.term(sympy.Integer(-3), "x") == "-3 x"
    assert latex.term(A - 1, "x") == r"\left(-1 + \alpha_{2}\right) x"


def test_minus_signs_subtract_and_an_empty_sum_is_0():
    assert latex.total(["a", "-b", "- 2 c", "d"]) == "a - b - 2 c + d"
    assert latex.total([]) == "0"


def test_words_and_powers():
    assert latex.word("PD") == r"\mathbf{P}\mathbf{D}"
    assert [latex.power("x", i) for i in (1, 2)] == ["x", "x^{2}"]
