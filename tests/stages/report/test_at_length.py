"""The studies at many times their steps: what is multiplied, what runs, and that it does run."""

import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from ruamel.yaml import YAML

from stages.common import params
from stages.common.params.pipelines import file_of
from stages.common.params.reading import parsed
from stages.report import at_length
from tests import ROOT
from tests.stages.generative.test_search import TRIED, prepare


@pytest.mark.parametrize("pipeline", at_length.PIPELINES)
@pytest.mark.parametrize("factor", [10.0, 0.001])
def test_steps_are_multiplied_and_the_parameters_stay_valid(
    tmp_path: Path, pipeline: str, factor: float
):
    content = parsed(ROOT / file_of(pipeline))
    found = at_length.scaled(content, factor)
    assert found["train"]["steps"] == max(1, round(content["train"]["steps"] * factor))
    every = content["train"]["validation"]["every"]
    assert found["train"]["validation"]["every"] == max(1, round(every * factor))
    assert found["train"]["models"]["modified"]["steps"] is None
    assert found["train"]["batch_size"] == content["train"]["batch_size"]
    assert found["evaluate"] == content["evaluate"] and found["latent"] == content["latent"]
    path = tmp_path / file_of(pipeline)
    path.parent.mkdir(parents=True)
    YAML(typ="safe").dump(found, path)
    read = params.read(path, params.GenerativeStudy)
    assert read.train.folder == "at_length"


def listed(pipeline: str, groups: list[str] | None = None) -> list[list[str]]:
    content: dict[str, Any] = parsed(ROOT / file_of(pipeline))
    found = at_length.commands(pipeline, content, Path("p"), Path("m"), groups)
    return [command[2:4] for command in found]


def test_the_search_comes_before_the_training_and_what_measures_it():
    assert ["stages.generative.search", "one_map"] in listed("study")
    assert listed("study", ["fair"])[0] == ["stages.generative.search", "fair"]
    rest = [name for name, _ in listed("celeba")]
    assert rest[:2] == ["stages.generative.train", "stages.evaluation.evaluate"]
    with pytest.raises(SystemExit, match="unknown group 'faire': expected one of baselines"):
        listed("study", ["faire"])


def test_every_stage_that_runs_is_one_of_the_pipelines():
    for pipeline in at_length.PIPELINES:
        lines = (ROOT / file_of(pipeline)).with_name("dvc.yaml").read_text()
        assert all(f"python -m {module} " in lines for module, _ in listed(pipeline))


def test_it_runs_where_nothing_else_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The first group of a small study, and no more, on made-up images."""
    prepare(tmp_path, steps=40, tried=TRIED)
    only = at_length.commands
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(at_length, "commands", lambda *a: [next(iter(only(*a)))])
    monkeypatch.setattr(
        sys, "argv", ["at_length", "long", "--factor", "0.1", "--pipelines", "study"]
    )
    at_length.main()
    found = pd.read_csv(tmp_path / "long/metrics/study/search_small.csv")
    assert found.groupby("setting").step.max().to_dict() == {"base": 4, "slow": 4}
    assert len(list((tmp_path / "long/metrics/study/units").iterdir())) == 2


def test_a_factor_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setattr(sys, "argv", ["at_length", "x", "--factor", "0"])
    with pytest.raises(SystemExit, match="2"):
        at_length.main()
    assert "--factor: expected more than 0, got 0" in capsys.readouterr().err
