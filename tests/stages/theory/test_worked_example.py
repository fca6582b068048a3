"""One derivation line by line: it shows every word, drops last, and ends in both solutions."""

import pytest

from idem.theory import ansatz, latex
from stages.text.render import render
from stages.theory.worked_example import worked_example


def test_the_text_shows_every_word_and_ends_in_both_solutions():
    text = render("worked_example", example=worked_example())
    for word in ansatz.equations(1, 3):
        assert f"c_{{{latex.word(word)}}} =" in text
    assert text.count(r"\alpha_{3}) = (0, 3, -2)") == 1
    assert text.count(r"\alpha_{3}) = (0, 0, 0)") == 1
    assert text.count("now reads $0 = 0$") == 2


def test_a_power_is_multiplied_out_before_words_are_dropped():
    product, kept = worked_example()["powers"][0]
    assert r"\mathbf{D}\mathbf{D}" in product
    assert r"\mathbf{D}\mathbf{D}" not in kept


@pytest.mark.parametrize(("order", "degree"), [(1, 2), (1, 4), (2, 5)])
def test_other_orders_and_degrees_can_be_worked_too(order: int, degree: int):
    text = render("worked_example", example=worked_example(order, degree))
    assert text.rstrip().endswith(" $$")
    assert f"$$ \\mathbf{{K}}^{{{degree}}} = " in text
    with pytest.raises(ValueError, match="order: expected 1 or more, got 0"):
        worked_example(0, degree)
