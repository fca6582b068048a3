"""Prose that stands in templates, filled with numbers.

The templates are in `stages/text/templates`, in Markdown; what is said there of a number never
depends on it, so that a changed result changes numbers and tables and no sentence.
"""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from stages.text.markdown import table

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # Markdown, made of our own numbers
)
_ENVIRONMENT.globals["table"] = table


def render(template: str, **values: Any) -> str:
    """Return a template of `stages/text/templates`, filled in.

    Args:
        template: the name of its file without ``.md.j2``.
        values: by the names that the template uses; `table(head, rows)` is always there.

    Raises:
        jinja2.TemplateNotFound: if there is none of this name.
        jinja2.UndefinedError: if it uses a name without a value.
    """
    return _ENVIRONMENT.get_template(f"{template}.md.j2").render(values)
