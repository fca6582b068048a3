"""Markdown with LaTeX as one web page that needs nothing else: formulas as MathML, no script."""

from typing import Any

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from stages.text.render import ENVIRONMENT


def page(markdown: str, *, title: str, language: str = "en-GB") -> str:
    """Return a web page with a Markdown text, its formulas as MathML.

    Args:
        markdown: the text; formulas stand in ``$…$`` and, on a line of their own, in ``$$ … $$``.
            HTML in it is shown, not obeyed.
        title: of the page.
        language: of the text, as in BCP 47.

    Returns:
        HTML 5 that is well-formed XML too.

    Raises:
        ValueError: a formula holds a command that the conversion to MathML does not know.

    Example:
        >>> "<mi>x</mi>" in page("Let $x$ be real.", title="Example")
        True
    """
    body = reader().render(markdown)
    template = ENVIRONMENT.get_template("page.html.j2")
    return template.render(language=language, title=title, body=body)


def reader(*, html: bool = False) -> MarkdownIt:
    """Return what turns Markdown with LaTeX into HTML with MathML.

    Args:
        html: obey HTML in the text, which then has to be our own, instead of showing it.
    """
    made = MarkdownIt("commonmark", {"html": html}).enable("table")
    return made.use(dollarmath_plugin, allow_labels=False, renderer=_formula)


def _formula(latex: str, options: dict[str, Any]) -> str:
    mathml = convert(latex.strip(), display="block" if options["display_mode"] else "inline")
    if "\\" in mathml:
        raise ValueError(f"expected LaTeX with known commands alone, got {latex.strip()!r}")
    return mathml
