"""Templates: filled in, and never silently without a value."""

import pytest
from jinja2 import DictLoader, TemplateNotFound, UndefinedError

from stages.text import render


@pytest.fixture(autouse=True)
def templates(monkeypatch: pytest.MonkeyPatch):
    text = "# {{ title }}\n\n{{ table(['a', 'b'], rows) }}\n"
    monkeypatch.setattr(render._ENVIRONMENT, "loader", DictLoader({"one.md.j2": text}))


def test_values_and_tables_are_filled_in():
    text = render.render("one", title="Ω < 1", rows=[["1", "2"]])
    assert text == "# Ω < 1\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n"


def test_a_missing_value_is_an_error():
    with pytest.raises(UndefinedError, match="rows"):
        render.render("one", title="")


def test_an_unknown_template_is_an_error():
    with pytest.raises(TemplateNotFound, match="other"):
        render.render("other")
