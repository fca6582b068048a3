"""Prose that stands in templates, filled with numbers.

The templates are in `stages/text/templates`, in Markdown. A changed result should change numbers
and tables and no sentence: the few words that depend on one stand in an `if` of the template.
"""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from stages.text.markdown import table, unwrap
from stages.text.numbers import digits, power, size

ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # Markdown, made of our own numbers
)
ENVIRONMENT.globals["table"] = table
ENVIRONMENT.filters |= {f.__name__: f for f in (unwrap, digits, power, size)}


def render(template: str, **values: Any) -> str:
    """Return a template of `stages/text/templates`, filled in.

    Args:
        template: the name of its file without ``.md.j2``.
        values: by the names that the template uses; `table(head, rows)` is always there,
            and so are the filters `unwrap`, `digits`, `power` and `size`.

    Raises:
        jinja2.TemplateNotFound: if there is none of this name.
        jinja2.UndefinedError: if it uses a name without a value.
    """
    return ENVIRONMENT.get_template(f"{template}.md.j2").render(values)
