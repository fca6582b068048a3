"""Stages that need no torch do without the seconds it takes to import."""

import subprocess
import sys

from tests import ROOT

LIGHT = ["common.check", "data.fetch", "data.prepare", "data.prepare_celeba", "theory.derive"]
LIGHT += ["claims.__main__", "compare.__main__", "figures.plot"]
CODE = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(f"stages.{name}")
    assert "torch" not in sys.modules, name
"""


def test_stages_that_need_no_torch_do_not_import_it():
    found = subprocess.run([sys.executable, "-c", CODE, *LIGHT], cwd=ROOT, stderr=subprocess.PIPE)
    assert found.returncode == 0, found.stderr.decode()
