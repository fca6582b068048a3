"""What of a Python file can decide a result: the code, without what is written for its readers.

The digest of a unit's code is of this, so that a docstring can be mended without hours of runs
being made again for it.
"""

import ast
import io
import tokenize


def code_of(source: str) -> str:
    r"""Return a file's text without comments, docstrings and empty lines.

    Strings that are a statement of their own are docstrings, of attributes too; those that share a
    line with code stay, and so does all that stands in an f-string or behind a continued line, as
    versions of Python differ there. Nothing else is changed: a line that is broken elsewhere is
    other code.

    Args:
        source: with lines that end in ``\n``.

    Raises:
        SyntaxError: for what is not Python.

    Example:
        >>> code_of('def f(x):\n    "Double."\n\n    return 2 * x  # exactly\n')
        'def f(x):\n    return 2 * x\n'
    """
    lines = list(io.StringIO(source.rstrip() + "\n"))
    nodes = list(ast.walk(ast.parse(source)))
    kept = {row for node in nodes for row in _of_f_string(node)}
    kept |= {row + 1 for row, line in enumerate(lines) if line.endswith("\\\n")}
    left_out = {row for node in nodes for row in _of_docstring(node, lines, kept)}
    for token in tokenize.generate_tokens(iter(lines).__next__):
        row, column = token.start[0] - 1, token.start[1]
        if row in kept:
            continue
        if token.type == tokenize.COMMENT:
            lines[row] = lines[row][:column].rstrip() + "\n"
        elif token.type == tokenize.NL and not lines[row].strip():
            left_out.add(row)
    return "".join(line for row, line in enumerate(lines) if row not in left_out)


def _of_f_string(node: ast.AST) -> range:
    """Return the lines, from 0, of an f-string; all of them of one over several lines."""
    match node:
        case ast.JoinedStr(lineno=int(first), end_lineno=int(last)) if last > first:
            return range(first - 1, last)
    return range(0)


def _of_docstring(node: ast.AST, lines: list[str], kept: set[int]) -> range:
    """Return the lines, from 0, of a string that is a statement and has them for itself."""
    match node:
        case ast.Expr(ast.Constant(str()), end_lineno=int(last), end_col_offset=int(end)):
            before = lines[node.lineno - 1].encode()[: node.col_offset]
            after = lines[last - 1].encode()[end:].strip()
            alone = not before.strip() and (not after or after.startswith(b"#"))
            if alone and node.lineno - 1 not in kept:
                return range(node.lineno - 1, last)
    return range(0)
