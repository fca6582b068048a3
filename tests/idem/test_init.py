import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import idem

ROOMS = sorted(path.parent.name for path in Path(idem.__file__).parent.glob("*/__init__.py"))


@pytest.mark.parametrize("room", ["", *ROOMS])
def test_every_public_name_resolves_and_is_documented(room: str):
    package = importlib.import_module(f"idem.{room}".rstrip("."))
    assert dir(package)
    for name in dir(package):
        assert getattr(package, name).__doc__, name


@pytest.mark.parametrize("room", ["", *ROOMS])
def test_no_public_name_is_that_of_a_module(room: str):
    """Importing the module would put it in the name's place."""
    package = importlib.import_module(f"idem.{room}".rstrip("."))
    modules = {path.stem for path in Path(str(package.__file__)).parent.glob("*")}
    rooms = set() if room else set(ROOMS)  # which are public as modules
    assert modules & set(dir(package)) <= rooms


def test_subpackages_are_loaded_when_first_used():
    code = "import idem; idem.theory.surviving_rank; idem.linear.limits; idem.sweeps.TABLE_1"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="No idem attribute nothing"):
        getattr(idem, "nothing")  # noqa: B009


def test_importing_idem_imports_nothing_heavy():
    code = "import sys, idem; sys.exit(bool({'torch', 'numpy', 'sympy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
