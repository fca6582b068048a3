"""Markdown to HTML for the report: headings with addresses, tables that scroll by themselves."""

import re
import unicodedata
from collections import Counter
from typing import Any, NamedTuple

from markdown_it.token import Token

from stages.text.page import reader

DEEPEST = 6  # level of headings in HTML


class Heading(NamedTuple):
    """A heading of the page: its level, its address and its text, in HTML."""

    level: int
    anchor: str
    text: str


class Markup:
    """Turns the texts of one page into HTML.

    Attributes:
        headings: of all texts so far, in order.
    """

    def __init__(self) -> None:
        self.headings: list[Heading] = []
        self._known = Counter[str]()

    def html(self, markdown: str, *, deeper: int = 0, ours: bool = False) -> str:
        """Return a text in HTML.

        Args:
            markdown: the text, with LaTeX between dollars.
            deeper: levels by which its headings are put below those of the page.
            ours: obey HTML in it, which else is shown.
        """
        made = reader(html=ours)
        tokens = made.parse(markdown)
        for token, inline in zip(tokens, [*tokens[1:], None], strict=True):
            if token.type in ("heading_open", "heading_close"):
                token.tag = f"h{min(DEEPEST, int(token.tag[1]) + deeper)}"
            if token.type == "heading_open" and inline is not None:
                self._name(token, inline, made.renderInline(inline.content))
        return tidy(made.renderer.render(tokens, made.options, {}))

    def _name(self, token: Token, inline: Token, text: str) -> None:
        anchor = slug(inline.content)
        self._known[anchor] += 1
        if self._known[anchor] > 1:
            anchor += f"-{self._known[anchor]}"
        token.attrSet("id", anchor)
        self.headings.append(Heading(int(token.tag[1]), anchor, text))


def slug(text: str) -> str:
    """Return a text as an address within a page: its letters and digits, joined by hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain)) or "section"


def tidy(html: str) -> str:
    """Let wide tables and formulas scroll by themselves, and leave no heading of a column empty."""
    html = html.replace("<th></th>", "<td></td>")
    html = html.replace("<table>", '<div class="wide"><table>')
    html = html.replace("</table>", "</table></div>")
    return html.replace('<div class="math block">', '<div class="math block wide">')


def one_block(html: Any) -> str:
    """Return HTML without blank lines, which would end a block of it in Markdown."""
    return re.sub(r"\n\s*\n+", "\n", str(html).strip()) + "\n"
