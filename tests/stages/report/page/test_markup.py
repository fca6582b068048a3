"""Texts become HTML with addresses, and nothing foreign is obeyed."""

import pytest

from stages.report.page.markup import Markup, one_block, slug


def test_headings_have_one_address_each_and_are_kept_for_the_contents():
    markup = Markup()
    html = markup.html("# Two $x$\n\n## Deep\n", deeper=1) + markup.html("# Two $x$\n")
    assert '<h2 id="two-x">' in html
    assert '<h1 id="two-x-2">' in html
    assert [(found.level, found.anchor) for found in markup.headings] == [
        (2, "two-x"),
        (3, "deep"),
        (1, "two-x-2"),
    ]
    assert "<math" in markup.headings[0].text


@pytest.mark.parametrize(
    ("text", "address"), [("3.1 Ünder the Rule’s", "3-1-under-the-rules"), ("—", "section")]
)
def test_an_address_is_made_of_letters_and_digits(text: str, address: str):
    assert slug(text) == address


def test_html_is_shown_in_texts_of_stages_and_obeyed_in_ours():
    assert "&lt;script&gt;" in Markup().html("a <script>b</script>")
    assert "<b>" in Markup().html("a <b>c</b>", ours=True)


def test_tables_and_formulas_scroll_by_themselves():
    html = Markup().html("| | b |\n|---|---|\n| 1 | 2 |\n\n$$ x $$\n")
    assert html.count('<div class="wide"><table>') == html.count("</table></div>") == 1
    assert '<div class="math block wide">' in html
    assert "<td></td>\n<th>b</th>" in html


def test_a_block_of_html_has_no_blank_line():
    block = one_block("\n<div>\n\n \n<p>a</p>\n\n</div>\n\n")
    assert block == "<div>\n<p>a</p>\n</div>\n"
