"""What the text of Appendix B says in words is what is derived."""

import sympy

from idem.theory import jordan
from stages.text.render import render
from stages.theory.stability_formulas import stability_formulas


def test_the_text_names_the_corrections_and_the_worst_error():
    text = render("appendix_b", **stability_formulas(), largest_error=-10.4)
    for words in (
        "size of its largest Jordan",
        r"$0 < \gamma < 2$",
        "counterexample",
        "Tangential",
    ):
        assert words in text
    assert "$10^{-10}$" in text


def test_polynomials_that_stand_in_sentences_are_those_derived():
    size = 4
    names, N = jordan.superdiagonals(size), sympy.jordan_cell(0, size)
    M = sympy.zeros(size)
    for k, c in enumerate(names, start=1):
        M += c * N**k
    for point, sign in ((0, 1), (1, -1)):
        row = (sign * 3 * M**2 - 2 * M**3).row(0)[1:]
        found = jordan.step_on_superdiagonals(sympy.Integer(point), size, jordan.ONE)
        assert all(sympy.expand(a - b) == 0 for a, b in zip(row, found, strict=True))
