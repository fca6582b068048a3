"""Docstrings and comments decide nothing, and all else does."""

import ast

import pytest

from stages.common.source import code_of
from tests import ROOT

SOURCE = '''"""What a file is for."""

import math

RATE = 0.1  # a comment


class Made:
    """A class."""

    steps: int
    """Of an attribute."""

    def text(self) -> str:
        """Over
        lines, with "quotes" and # no comment.
        """
        # A comment.
        return """kept # here

        and here"""
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("What a file is for.", "What it is for, in other words."),
        ('"""A class."""\n', '"""A class.\n\n    And more.\n    """  # noted\n'),
        ("Of an attribute.", "Über"),
        ("# a comment", "# another"),
        ("        # A comment.\n", ""),
        ("        # A comment.\n", "        # A comment.\n\n        # And one.\n\n"),
        ("Over\n        lines", "Over lines"),
        ("\n\n\nclass", "\n\nclass"),
    ],
)
def test_what_is_written_for_readers_is_left_out(old: str, new: str):
    assert old in SOURCE
    assert code_of(SOURCE.replace(old, new, 1)) == code_of(SOURCE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.1", "0.2"),
        ("kept # here", "kept"),
        ("here\n\n        and", "here\n        and"),
        ("and here", "and  here"),
        ("import math\n", ""),
        ("        return", "        pass\n        return"),
        ("RATE = 0.1", '"text"; RATE = 0.1'),
        ("\n\n\nclass", "\n\n\n@final\nclass"),
    ],
)
def test_everything_else_is_kept(old: str, new: str):
    assert old in SOURCE
    assert code_of(SOURCE.replace(old, new, 1)) != code_of(SOURCE)


def test_a_string_beside_code_is_kept():
    assert code_of('"a"; x = 1\n') == '"a"; x = 1\n'
    assert code_of('def f(): "a"\n') == 'def f(): "a"\n'
    assert code_of('x = 1; "é"\n') == 'x = 1; "é"\n'


def test_a_string_behind_a_continued_line_is_kept():
    assert code_of('if a: \\\n"doc"\ny()\n') != code_of("if a: \\\ny()\n")


def test_what_stands_in_an_f_string_is_kept_on_every_version_of_python():
    blank = 'f"""a\n\n{b}\n"""\n'
    assert code_of(f"x = {blank}") == f"x = {blank}"
    assert code_of(f"x = 1\n\n\ny = {blank}") == f"x = 1\ny = {blank}"


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\n    ", "  # é", '\n"doc"'])
def test_how_a_file_ends_decides_nothing(end: str):
    assert code_of("é = 1" + end) == "é = 1\n"


def test_docstrings_behind_tabs_and_in_parentheses_are_left_out():
    assert code_of('def f():\n\t"""doc"""\n\treturn 1\n') == "def f():\n\treturn 1\n"
    assert code_of('(\n"text"\n)\nx = 1\n') == "x = 1\n"


def test_what_is_not_python_is_refused():
    with pytest.raises(SyntaxError):
        code_of("def f(:\n")


def test_an_f_string_is_no_docstring():
    assert code_of('def f():\n    f"{g()}"\n') == 'def f():\n    f"{g()}"\n'


class WithoutText(ast.NodeTransformer):
    """Take the strings that are statements out of a tree."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        return ast.Pass() if _is_text(node) else node


def test_the_code_of_every_file_of_ours_means_what_it_says():
    for path in sorted([*ROOT.glob("idem/**/*.py"), *ROOT.glob("stages/**/*.py")]):
        source = path.read_text(encoding="utf-8")
        code = code_of(source)
        if _holds_only_text(ast.parse(source)):
            continue  # a body that is gone leaves nothing to parse
        assert code_of(code + "# at the end\n") == code, path
        assert _meaning(code) == _meaning(source), path


def _meaning(source: str) -> str:
    tree = WithoutText().visit(ast.parse(source))
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                left = [part for part in value if not isinstance(part, ast.Pass)]
                setattr(node, name, left)
    return ast.dump(tree)


def _holds_only_text(tree: ast.AST) -> bool:
    """Return whether there is a class or function of nothing but a docstring."""
    kinds = (ast.ClassDef, ast.FunctionDef)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, kinds)]
    return any(len(body) == 1 and _is_text(body[0]) for body in bodies)


def _is_text(node: ast.AST) -> bool:
    match node:
        case ast.Expr(ast.Constant(str())):
            return True
    return False
