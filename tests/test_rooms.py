"""Rooms import downwards only, as the contracts in pyproject.toml say."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests import ROOT

CHECK = "from importlinter.cli import lint_imports as f; exit(f(no_cache=True, no_logo=True))"
UPWARDS = {
    "idem/rule/checks.py": "import idem.linear.gallery",
    "idem/theory/latex.py": "from idem.sweeps import mlp",
    "idem/checkpoint.py": "import stages.common.files",
    "stages/common/files.py": "def late():\n    from stages.report import repro",
}


def checked(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CHECK]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_rooms_import_downwards():
    result = checked(ROOT)
    assert result.returncode == 0, result.stdout


def test_an_import_upwards_or_sideways_is_found(tmp_path: Path):
    for package in ("idem", "stages"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=lambda *_: ["__pycache__"])
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name, line in UPWARDS.items():
        with (tmp_path / name).open("a") as file:
            file.write(f"\n\n{line}\n")
    result = checked(tmp_path)
    assert result.returncode == 1
    for name in UPWARDS:
        module = name.removesuffix(".py").replace("/", ".")
        assert f"{module} -> " in result.stdout, name
