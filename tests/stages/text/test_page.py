"""The web page: well-formed, self-contained, and nothing of the text lost."""

import re
from xml.etree import ElementTree

import pytest

from stages.text.page import page

MATHML = "{http://www.w3.org/1998/Math/MathML}"
TEXT = r"""# Title & more

Inline $x^{2} < \frac{1}{2}$ and

$$ \mathbf{P} \begin{pmatrix} a & b \\ c & d \end{pmatrix} $$

- item <script>alert(1)</script>

| a | b |
|---|---|
| 1 | 2 |
"""


def parsed(markdown: str) -> ElementTree.Element:
    return ElementTree.fromstring(page(markdown, title="A < B"))


def test_the_page_is_html_5_with_language_charset_and_title():
    text, root = page(TEXT, title="A < B"), parsed(TEXT)
    assert text.startswith("<!DOCTYPE html>")
    assert root.attrib["lang"] == "en-GB"
    assert root.findtext("head/title") == "A < B"
    meta = root.find("head/meta")
    assert meta is not None
    assert meta.attrib["charset"] == "utf-8"


def test_formulas_become_mathml_in_line_and_displayed():
    formulas = list(parsed(TEXT).iter(f"{MATHML}math"))
    assert [formula.attrib["display"] for formula in formulas] == ["inline", "block"]
    assert "$" not in "".join(parsed(TEXT).itertext())
    assert len(list(formulas[1].iter(f"{MATHML}mtd"))) == 4


def test_headings_lists_and_tables_are_kept():
    root = parsed(TEXT)
    assert root.findtext(".//h1") == "Title & more"
    assert len(list(root.iter("li"))) == 1
    assert [cell.text for cell in root.iter("td")] == ["1", "2"]


def test_nothing_runs_or_loads():
    text = page(TEXT, title="t")
    assert "<script" not in text
    assert not re.findall(r"<(?:link|img|iframe)|(?:src|href)=|@import|url\(", text)


def test_the_same_text_gives_the_same_bytes():
    assert page(TEXT, title="t") == page(TEXT, title="t")


def test_unknown_commands_are_named():
    with pytest.raises(ValueError, match=r"expected LaTeX with known commands alone, got .*nosuch"):
        page(r"$\nosuch x$", title="t")
