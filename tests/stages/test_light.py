"""Stages that need no torch do without the seconds it takes to import."""

import subprocess
import sys

import pytest

from tests import ROOT


@pytest.mark.parametrize(
    "stage",
    [
        "common.check",
        "data.fetch",
        "data.prepare",
        "data.prepare_celeba",
        "theory.derive",
        "claims.__main__",
        "report.compare",
        "figures.plot",
    ],
)
def test_stages_that_need_no_torch_do_not_import_it(stage: str):
    code = f"import sys, stages.{stage}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
