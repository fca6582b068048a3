"""The code that appendix C shows."""

import re
from typing import Any

import pytest

from stages.theory.shown_code import SHOWN, code_of


@pytest.mark.parametrize("thing", SHOWN)
def test_it_is_the_source_without_docstrings(thing: Any):
    shown = code_of(thing)
    compiled = compile(shown, "shown", "exec")
    assert compiled and '"""' not in shown
    assert thing.__name__ in shown.splitlines()[0]
    assert not re.search(r"\n\n\n|\A\n", shown)
