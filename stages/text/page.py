"""Markdown with LaTeX as one web page that needs nothing else: formulas as MathML, no script."""

from html import escape
from typing import Any

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

TEMPLATE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>{title}</title>
<style>
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 serif; }}
h1, h2, h3 {{ line-height: 1.2; }}
.block {{ overflow-x: auto; margin: 0.6rem 0; }}
td, th {{ padding: 0.2rem 0.8rem; border-bottom: 1px solid; text-align: left; }}
table {{ border-collapse: collapse; }}
img {{ max-width: 100%; }}
</style>
</head>
<body>
<main>
{body}</main>
</body>
</html>
"""


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
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    reader.use(dollarmath_plugin, allow_labels=False, renderer=_formula)
    body = reader.render(markdown)
    return TEMPLATE.format(language=escape(language), title=escape(title), body=body)


def _formula(latex: str, options: dict[str, Any]) -> str:
    mathml = convert(latex.strip(), display="block" if options["display_mode"] else "inline")
    if "\\" in mathml:
        raise ValueError(f"expected LaTeX with known commands alone, got {latex.strip()!r}")
    return mathml
