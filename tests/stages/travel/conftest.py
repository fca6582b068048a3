"""A tiny pipeline of the paper's, whose units are finished."""

import contextlib
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from idem.checkpoint import Checkpoint
from stages.common import units
from stages.travel.departure import gathered, loaded
from stages.travel.inventory import Work, folder_of, inventory

FILE = Path("stages/pipelines/paper/params.yaml")
SWEEP: dict[str, Any] = {
    "seed": 0,
    "batch_size": 8,
    "negative_slope": 0.2,
    "initialization": "default",
    "optimizer": "sgd",
    "matmul_precision": "highest",
    "memory_megabytes": 64,
    "diverged_above": 1.0e3,
}
LANES = {"learning_rates": [0.1, 0.2], "runs": 1, "steps": 100, "log_every": 25}
RULES = ("modified", "ordinary")
PUBLISHED: dict[str, Any] = {
    "data": ["fixed"],
    "readings": dict.fromkeys(RULES, "batch"),
    "log_at": [10],
    "networks": {
        "B1": {"learning_rates": dict.fromkeys(RULES, [0.1]), "runs": 1, "steps": 100},
    },
}
NEAR: dict[str, Any] = {"width": 5, "layers": 1, "noise": 0.1, "bias": 4.0, "null_dimension": 1}
NEAR |= {"optimizer": "sgd", "learning_rates": [0.01], "runs": 1, "steps": 100}
NEWDATA: dict[str, Any] = {"widths": [2, 2], "batch_sizes": [4], "data": ["fixed", 8]}
NEWDATA |= {"optimizer": "sgd", "initialization": "default", "learning_rates": [0.1]}
NEWDATA |= {"runs": 1, "steps": 10}
STAND_IN: dict[str, Any] = {"network": "B1", "rates": "matched", "fitted": False, "widths": [2, 2]}
STAND_IN |= {"batch_size": 4, "runs": 1, "steps": 10}
READINGS: dict[str, Any] = {"data": ["fixed"], "measured": ["trained"]}
READINGS |= {"starts": {"default": {"scheme": "default", "bias_scale": 1.0, "fitted": False}}}
READINGS |= {"widths": {"table_1": {"networks": {}, "fitted": False}}}
READINGS |= {"scales": dict.fromkeys(RULES, ["batch"]), "networks": PUBLISHED["networks"]}
WALKED = {"widths": "table_1", "learning_rate": 0.1}
WALKS: dict[str, Any] = {"network": "B1", "cases": {"table_1": WALKED}, "runs": 1}
WALKS |= {"steps": 20, "every": 10, "closely_to": 0}
WALKS |= {"plane_steps": [20], "plane_every": 10, "surface_points": 2, "surface_margin": 0.0}
WALKS |= {"delays": [0], "up_to": [20]}
CENTRING: dict[str, Any] = {"batch_size": 8, "noise": 0.1, "bias": 4.0, "falls_to": 0.1}
CENTRING |= {"learning_rates": [0.01], "steps": 10}
CENTRED = {"width": 5, "input_mean": 0.0, "centres": [0.0], "trained": [1], "runs": 1}
COPYING: dict[str, Any] = {"batch_size": 8, "teaching_steps": 5, "teaching_rate": 0.01}
COPYING |= {"learning_rates": [0.01], "steps": 10, "keeps": 1.1}
COPIED = {"widths": [5, 2, 5], "input_mean": 0.0, "runs": 1}
VARIANT = LANES | {"network": "B1", "batch_size": 16}


def write_params(**changes: Any) -> None:
    """Write the parameters of the pipeline into the current folder."""
    networks = {"B1": LANES | {"widths": [2, 3, 2]}}
    whole = {"sweep": SWEEP | changes | {"networks": networks}, "variants": {"large": VARIANT}}
    whole |= {"transposed": {"networks": {"B1": {"learning_rates": [0.1], "runs": 1}}}}
    whole |= {"published": PUBLISHED, "near": {"batch_size": 8, "cases": {"n5": NEAR}}}
    whole |= {"newdata": {"cases": {"n2": NEWDATA}}, "stand_ins": {"small": STAND_IN}}
    whole |= {"readings": READINGS, "walks": WALKS}
    whole |= {"centring": CENTRING | {"cases": {"n5": CENTRED}}}
    whole |= {"copying": COPYING | {"cases": {"n5": COPIED}}}
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(yaml.safe_dump(whole))


def finish(work: Work, result: Any = None, **provenance: Any) -> Path:
    """Write a unit, with this result or what comes out, from this machine but for what is said."""
    if result is None:
        checkpoint = Checkpoint(Path(f"{work.identity.name}.npz"))
        result = work.function(*work.arguments, checkpoint)
        checkpoint.forget()
    origin = units.Provenance(**{**vars(units.provenance(1, "cpu")), **provenance})
    return units.write(folder_of("paper"), work.identity, result, origin)


def status(command: ModuleType, *arguments: str) -> int | str | None:
    """Run a command of `stages` and return its exit status: 0, or what it says why not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [command.__name__, *arguments])
        try:
            command.main()
        except SystemExit as stopped:
            return stopped.code
    return 0


def write_stale(path: Path, works: Mapping[str, Work], file: str) -> None:
    """Write a tar of all units as if a file of their code had been another one."""
    stale = {}
    for work in works.values():
        code = dict(work.identity.code) | {file: "0" * 64}
        unit = finish(work._replace(identity=replace(work.identity, code=code)))
        stale[f"units/{unit.name}"] = unit.read_bytes()
    path.write_bytes(loaded("paper", stale))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which all units of the pipeline are finished."""
    folder = tmp_path_factory.mktemp("finished")
    with contextlib.chdir(folder):
        write_params()
        for work in inventory("paper").values():
            finish(work)
    return folder


@pytest.fixture
def works(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Work]:
    """Return what computes the units of the current folder, a new one, where all are finished."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return inventory("paper")


@pytest.fixture
def tar(works: dict[str, Work]) -> Path:
    """Return a tar with all these units, which are at this place no more."""
    path = Path("units.tar")
    path.write_bytes(loaded("paper", gathered("paper")))
    shutil.rmtree(folder_of("paper"))
    return path
