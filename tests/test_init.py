import subprocess
import sys
from pathlib import Path

import pytest

import idem


def test_every_public_name_resolves_and_is_documented():
    for name in idem.__all__:
        assert getattr(idem, name).__doc__


def test_no_public_name_is_that_of_a_module():
    """Importing the module would put it in the name's place."""
    modules = {path.stem for path in Path(idem.__file__).parent.glob("*.py")}
    assert not modules & set(idem.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'idem' has no attribute 'nothing'"):
        _ = idem.nothing


def test_importing_idem_imports_nothing_heavy():
    code = "import sys, idem; sys.exit(bool({'torch', 'numpy', 'sympy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
