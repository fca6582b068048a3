"""Templates: filled in, and never silently without a value."""

import pytest
from jinja2 import DictLoader, TemplateNotFound, UndefinedError

from stages.text import render

NUMBERS = "{% filter unwrap %}\n{{ x | size }},\n{{ x | digits(2) }}{% endfilter %}"


@pytest.fixture(autouse=True)
def templates(monkeypatch: pytest.MonkeyPatch):
    text = "# {{ title }}\n\n{{ table(['a', 'b'], rows) }}\n"
    known = {"one.md.j2": text, "numbers.md.j2": NUMBERS}
    monkeypatch.setattr(render.ENVIRONMENT, "loader", DictLoader(known))


def test_values_and_tables_are_filled_in():
    text = render.render("one", title="Ω < 1", rows=[["1", "2"]])
    assert text == "# Ω < 1\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n"


def test_numbers_are_written_and_paragraphs_unwrapped_by_filters():
    assert render.render("numbers", x=0.123456) == "0.123, 0.12"


def test_a_missing_value_is_an_error():
    with pytest.raises(UndefinedError, match="rows"):
        render.render("one", title="")


def test_an_unknown_template_is_an_error():
    with pytest.raises(TemplateNotFound, match="other"):
        render.render("other")
