"""The templates: what they say in numbers is put in, not typed."""

import re
from pathlib import Path

import pytest

from stages.published.matched import EARLY
from stages.text import render

FOLDER = Path(render.__file__).with_name("templates")
TEMPLATES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.md.j2"))
NOT_PROSE = re.compile(r"\{[{%#].*?[}%#]\}|\$[^$]+\$|`[^`]+`|sections? \d\.\d", re.DOTALL)
FIXED_IN_CODE = {str(EARLY)}  # no result: up to which epoch the published lines count as early
MEASURED = re.compile(r"\b\d+\.\d+|\b\d{3,}\b|10\^-?\d")


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_result_is_typed_in(template: str):
    prose = NOT_PROSE.sub("", (FOLDER / template).read_text(encoding="utf-8"))
    assert set(MEASURED.findall(prose)) <= FIXED_IN_CODE
