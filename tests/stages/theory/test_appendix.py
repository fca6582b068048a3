"""The text of appendices A and B: it ends where the algebra ends, and MathML can show all of it."""

import re

import pytest
import sympy

from idem.theory import ansatz, jordan
from stages.text.page import page
from stages.theory.appendix_a import appendix_a, worked_example
from stages.theory.appendix_b import appendix_b
from stages.theory.derive import closed_form, record

FAMILIES = [
    f for order in (1, 2) for degree in (2, 3, 4, 5, 6) for f in ansatz.solve(order, degree)
]


def test_the_worked_example_shows_every_word_and_ends_in_both_solutions():
    text = "\n".join(worked_example())
    for word in ansatz.equations(1, 3):
        assert f"c_{{{ansatz.latex.word(word)}}} =" in text
    assert text.count(r"\alpha_{3}) = (0, 3, -2)") == 1
    assert text.count(r"\alpha_{3}) = (0, 0, 0)") == 1
    assert text.count("now reads $0 = 0$") == 2


def test_the_worked_example_multiplies_out_before_it_drops():
    (line,) = (line for line in worked_example() if line.startswith(r"$$ \mathbf{K}^{2} ="))
    long, short = line.split(r"\approx")
    assert r"\mathbf{D}\mathbf{D}" in long
    assert r"\mathbf{D}\mathbf{D}" not in short


@pytest.mark.parametrize(("order", "degree"), [(1, 2), (1, 4), (2, 5)])
def test_other_orders_and_degrees_can_be_worked_too(order, degree):
    assert worked_example(order, degree)[-1].endswith(" $$")
    with pytest.raises(ValueError, match="order: expected 1 or more, got 0"):
        worked_example(0, degree)


def test_every_family_is_listed_with_its_q():
    text = "\n".join(appendix_a(FAMILIES))
    shown = [family for family in FAMILIES if not family.is_zero]
    assert all(family.latex() in text for family in shown)
    assert text.count("q(x) = ") == len(shown)


def test_appendix_b_names_the_corrections_and_the_worst_error():
    text = "\n".join(appendix_b([-13.2, -10.4]))
    for words in (
        "size of its largest Jordan",
        r"$0 < \gamma < 2$",
        "counterexample",
        "Tangential",
    ):
        assert words in text
    assert "$10^{-10}$" in text


def test_what_the_text_of_appendix_b_says_in_words_is_what_is_derived():
    """Polynomials and dimensions that stand in prose, not in a displayed result."""
    size = 4
    names, N = jordan.superdiagonals(size), sympy.jordan_cell(0, size)
    M = sympy.zeros(size)
    for k, c in enumerate(names, start=1):
        M += c * N**k
    for point, sign in ((0, 1), (1, -1)):
        row = (sign * 3 * M**2 - 2 * M**3).row(0)[1:]
        found = jordan.step_on_superdiagonals(sympy.Integer(point), size, jordan.ONE)
        assert all(sympy.expand(a - b) == 0 for a, b in zip(row, found, strict=True))


def test_both_appendices_become_a_page_without_latex_left():
    text = "\n\n".join([*appendix_a(FAMILIES), *appendix_b([-12.0])])
    html = page(text, title="Both")
    assert "\\" not in html
    assert not re.findall(r"\$|\*\*", html)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f"{f.order}-{f.degree}-{f.value_at_one}")
def test_records_can_be_read_back_exactly(family):
    found = record(family)
    assert [sympy.sympify(a) for a in found["coefficients"]] == list(family.coefficients)
    expression = sympy.sympify(found["closed_form"]["expression"])
    assert sympy.expand(expression - family.polynomial()) == 0
    assert found["proven_equal"] is True
    assert found["free"] == [str(a) for a in family.free]


def test_a_family_that_is_no_closed_form_has_none_in_its_record():
    wrong = ansatz.Family(1, 1, 1, (sympy.Integer(1),))
    assert closed_form(wrong) is None
    assert record(wrong)["proven_equal"] is False
