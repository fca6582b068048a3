"""The text of appendices A and B: it ends where the algebra ends, and MathML can show all of it."""

import re

import pytest
import sympy

from idem.theory import ansatz
from stages.text.page import page
from stages.theory.derive import appendix, closed_form, record

FAMILIES = [
    f for order in (1, 2) for degree in (2, 3, 4, 5, 6) for f in ansatz.solve(order, degree)
]


def test_every_family_is_listed_with_its_q():
    text = appendix(FAMILIES, [-12.0])
    shown = [family for family in FAMILIES if not family.is_zero]
    assert all(family.latex() in text for family in shown)
    assert text.count("q(x) = ") == len(shown)


def test_both_appendices_become_a_page_without_latex_left():
    text = appendix(FAMILIES, [-12.0])
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
