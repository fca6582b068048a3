"""The recipe for Slurm in CONTRIBUTING, as it stands there, on a stand-in for Slurm.

`sbatch` starts a job at once and on this machine; beside this only sizes and the command differ.
"""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests import ROOT
from tests.stages.common.test_resume import arguments, outputs, run_here, write_params

COMMANDS = {
    "sbatch": 'setsid bash "$1" >job.log 2>&1 </dev/null &\necho "Submitted batch job $!"',
    "scancel": 'touch cancelled\nkill -- "-$1"',
}
ADDRESSES = psutil.net_if_addrs().items()
LOOPBACK = next(name for name, of in ADDRESSES if "127.0.0.1" in (each.address for each in of))
STAGE = [sys.executable, "-m", "stages.sweeps.sweep", *arguments()]
HERE = {
    '"32GB"': '"2GB"',
    '"ib0"': f'"{LOOPBACK}"',
    "cores=16, processes=16": "cores=2, processes=2",
    "jobs=4": "jobs=1",
    '["make", "paper", "MINUTES=450"]': str(STAGE),
}


def recipe() -> str:
    """Return the lines of CONTRIBUTING, at a size that fits a test."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"```python\n([^`]*SLURMCluster[^`]*)```", text)
    for there, here in HERE.items():
        assert found.count(there) == 1, there
        found = found.replace(there, here)
    return found


@pytest.mark.integration
@pytest.mark.skipif(not importlib.util.find_spec("dask_jobqueue"), reason="needs dask-jobqueue")
def test_jobs_of_slurm_make_the_bytes_of_this_process(tmp_path: Path):
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        write_params(folder, steps=20)
    assert run_here(here) == 0
    for name, lines in COMMANDS.items():
        (there / name).write_text(f"#!/bin/bash\n{lines}\n")
        (there / name).chmod(0o755)
    before = {"PATH": there, "PYTHONPATH": ROOT}
    paths = {name: f"{one}{os.pathsep}{os.environ.get(name, '')}" for name, one in before.items()}
    environment = os.environ | paths | {"TQDM_DISABLE": "1"}
    subprocess.run([sys.executable, "-c", recipe()], cwd=there, env=environment, check=True)
    assert outputs(there) == outputs(here)
    assert (there / "cancelled").exists()
