"""The numbers of every pipeline: few, each once, and from files that its stage depends on."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from stages.common import params
from stages.summary import tables
from stages.summary.build import CLAIMS, verdicts
from tests import ROOT

MOST = 60  # leaves that fit a screen
LAPTOP = params.read(ROOT / "params.yaml", params.Laptop)
SWEPT = params.read(ROOT / "stages/pipelines/paper/params.yaml", params.Paper).sweep
TABLES = {
    "laptop": tables.laptop(LAPTOP.claims),
    "paper": tables.paper(LAPTOP.claims, SWEPT),
    "study": tables.study(),
    "celeba": tables.celeba(),
}
each_pipeline = pytest.mark.parametrize("pipeline", TABLES)


def leaves(content: object) -> int:
    return sum(map(leaves, content.values())) if isinstance(content, dict) else 1


def pipeline_file(pipeline: str) -> Path:
    return ROOT / ("" if pipeline == "laptop" else f"stages/pipelines/{pipeline}") / "dvc.yaml"


def declared(pipeline: str) -> Sequence[str]:
    """Return all that a pipeline declares as a metric."""
    content = yaml.safe_load(pipeline_file(pipeline).read_text())
    stages = [stage.get("do", stage) for stage in content["stages"].values()]
    return [
        *content.get("metrics", []),
        *(name for stage in stages for metric in stage.get("metrics", []) for name in metric),
    ]


@each_pipeline
def test_a_summary_fits_a_screen(pipeline: str):
    words = verdicts(ROOT / "metrics" / pipeline)
    assert leaves(words) + len(TABLES[pipeline]) <= MOST


@each_pipeline
def test_every_number_has_a_name_of_its_own_below_a_claim_or_subject(pipeline: str):
    names = [number.name for number in TABLES[pipeline]]
    assert len(set(names)) == len(names)
    assert all(len(name.split(".")) == 2 for name in names)
    groups = [name.partition(".")[0] for name in names]
    assert sorted(groups, key=list(dict.fromkeys(groups)).index) == groups, "each in one place"


@each_pipeline
def test_the_summary_is_the_only_metric(pipeline: str):
    (metric,) = declared(pipeline)
    assert metric.endswith(f"metrics/{pipeline}/summary.json")


@pytest.mark.parametrize("pipeline", ["laptop", "study", "celeba"])
def test_the_stage_depends_on_the_files_of_its_numbers(pipeline: str):
    stage = yaml.safe_load(pipeline_file(pipeline).read_text())["stages"]["summary"]
    listed = {Path(name).name for name in stage["deps"] if name.startswith("metrics/")}
    assert listed == {CLAIMS.name, *(number.source.name for number in TABLES[pipeline])}


@each_pipeline
def test_the_stage_named_for_a_file_writes_it(pipeline: str):
    stages = yaml.safe_load(pipeline_file(pipeline).read_text())["stages"]
    for source in {number.source for number in TABLES[pipeline]}:
        name, _, item = source.stage.partition("@")
        stage = stages[name].get("do", stages[name])
        made = [out for key in ("outs", "plots") for o in stage.get(key, []) for out in o]
        assert f"metrics/{pipeline}/{source.name}" in [o.replace("${key}", item) for o in made]
