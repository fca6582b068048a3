"""The code that appendix C shows: the source of the rule itself, without its documentation."""

import ast
import inspect
import textwrap
from typing import Any

from idem.rule import gradient, loss

SHOWN = (
    gradient.corrected_output,
    gradient.output_gradient,
    gradient.SubstituteGradient,
    gradient.substitute_gradient,
    loss.idempotency_loss,
)


def code_of(thing: Any) -> str:
    """Return the source of a function or class without its docstrings."""
    lines = textwrap.dedent(inspect.getsource(thing)).splitlines()
    left_out = set[int]()
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            first, last = node.body[0].lineno, node.body[0].end_lineno or 0
            left_out |= {*range(first, last + 1)}
            if not any(map(str.strip, lines[last : last + 1])):
                left_out.add(last + 1)
    return "\n".join(line for k, line in enumerate(lines, start=1) if k not in left_out)
