"""The pipeline of the paper, and units for it that were computed where no git or DVC is."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from stages.report.scratch import run
from tests.integration.pipelines import (
    check_only_results_changed,
    check_outputs,
    copy_with,
    shrink_sweeps,
)

PIPELINE = Path("stages/pipelines/paper")
RESULTS = "metrics/paper"
PLACE = ["--params", f"{PIPELINE}/params.yaml", "--metrics", "metrics/paper"]
STAGES = (
    *(f"stages.sweeps.sweep {name}" for name in ("B1", "B2", "B3")),
    "stages.sweeps.variants",
    "stages.sweeps.near",
    "stages.sweeps.newdata",
    "stages.sweeps.transposed",
    "stages.published.stand_in",
    "stages.published.deviations",
    "stages.published.gradients",
    "stages.landscape.centring",
    "stages.landscape.copying",
    "stages.published.replay B1",
)


def brief(content: dict) -> None:
    """Keep what STAGES need, at its smallest."""
    shrink_sweeps(content)
    for section, names in {
        "sweep": ["B1", "B2", "B3"],
        "published": ["B1"],
        "transposed": ["B1"],
        "readings": ["B2"],
    }.items():
        networks = content[section]["networks"]
        content[section]["networks"] = {name: networks[name] for name in names}
    for stand_in in content["stand_ins"].values():
        stand_in["network"] = "B1"
    content["walks"]["network"] = "B1"
    content["variants"] = dict(list(content["variants"].items())[:2])
    for section in ("near", "newdata", "centring", "copying"):
        content[section]["cases"] = dict(list(content[section]["cases"].items())[:1])


def python(folder: Path, *words: str) -> str:
    return run([str(Path(sys.executable).parent / "python"), "-m", *words], folder)


def results(folder: Path) -> dict[str, bytes]:
    """Return the tables and figures of a folder."""
    return {path.name: path.read_bytes() for path in (folder / RESULTS).iterdir() if path.is_file()}


@pytest.mark.integration
def test_the_pipeline_of_the_paper_runs_and_takes_units_from_away(tmp_path: Path):
    home, away = tmp_path / "home", tmp_path / "away"
    _, pipeline = copy_with(home, PIPELINE.as_posix(), brief)
    shutil.rmtree(home / "metrics/paper/units", ignore_errors=True)  # those of the real parameters
    shutil.copytree(home, away, ignore=shutil.ignore_patterns(".git", ".dvc", ".cache"))
    for name in results(away):
        (away / RESULTS / name).unlink()  # those too
    for stage in STAGES:
        python(away, *stage.split(), *PLACE)
    assert "units of paper" in python(away, "stages.pack", "../units.tar")

    said = python(home, "stages.adopt", "../units.tar")
    there = sorted((away / "metrics/paper/units").iterdir())
    assert "equal to the last bit" in said and f"{len(there)} units placed" in said
    computed = run(["dvc", "repro", pipeline], home)
    check_outputs(home, pipeline)
    check_only_results_changed(home, pipeline)
    assert "up to date" in run(["dvc", "repro", pipeline], home)
    taken = re.findall(r"(\d+) of (\d+) units are in metrics/paper/units", computed)
    assert len(taken) == len(STAGES) and all(found == needed for found, needed in taken)
    for path in there:  # date and seconds too: none was computed again
        assert (home / path.relative_to(away)).read_bytes() == path.read_bytes()
    tables = results(away)
    assert len(tables) > 2 * len(STAGES)
    assert {name: content for name, content in results(home).items() if name in tables} == tables
