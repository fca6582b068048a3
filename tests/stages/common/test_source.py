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
        ("RATE = 0.1", '"text"; RATE = 0.2'),
        ("    steps: int\n", '    steps: int = len("text")\n'),
    ],
)
def test_everything_else_is_kept(old: str, new: str):
    assert old in SOURCE
    assert code_of(SOURCE.replace(old, new, 1)) != code_of(SOURCE)


def test_a_string_beside_code_is_kept():
    assert code_of('"a"; x = 1\n') == '"a"; x = 1\n'
    assert code_of('def f(): "a"\n') == 'def f(): "a"\n'
    assert code_of('x = 1; "é"\n') == 'x = 1; "é"\n'


def test_an_f_string_is_no_docstring():
    assert code_of('def f():\n    f"{g()}"\n') == 'def f():\n    f"{g()}"\n'


class WithoutText(ast.NodeTransformer):
    """Take the strings that are statements out of a tree."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return ast.Pass() if is_text else node


def test_the_code_of_every_file_of_ours_means_what_it_says():
    for path in sorted([*ROOT.glob("idem/**/*.py"), *ROOT.glob("stages/**/*.py")]):
        source = path.read_text(encoding="utf-8")
        code = code_of(source)
        if _is_whole(code):  # a body that is nothing but a docstring is gone
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


def _is_whole(code: str) -> bool:
    try:
        ast.parse(code)
    except IndentationError:
        return False
    return True
