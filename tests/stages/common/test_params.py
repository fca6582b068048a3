"""The parameters that params.yaml may and may not hold."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.utils.serialize import load_yaml, modify_yaml

from stages.common import params
from stages.common.params.pipelines import PIPELINES, file_of
from stages.sweeps import sweep
from tests import ROOT
from tests.interrupted import run_here


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the committed parameters of a pipeline with one change."""

    def write(change: Callable[[dict], Any], pipeline: str = "laptop") -> Path:
        content = yaml.safe_load((ROOT / file_of(pipeline)).read_text())
        change(content)
        path = tmp_path / file_of(pipeline)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content))
        return path

    return write


@pytest.mark.parametrize(("pipeline", "schema"), PIPELINES.items())
def test_the_committed_parameters_are_valid(pipeline: str, schema: type[params.Pipeline]):
    whole = params.read(ROOT / file_of(pipeline), params.Pipeline)
    assert type(whole) is schema


@pytest.mark.parametrize(
    ("pipeline", "needed", "message"),
    [
        (
            "laptop",
            params.CelebA,
            "celeba, got those of laptop; pass stages/pipelines/celeba/params.yaml",
        ),
        (
            "celeba",
            params.Swept,
            "laptop or paper, got those of celeba; pass params.yaml or "
            "stages/pipelines/paper/params.yaml",
        ),
        (
            "paper",
            params.GenerativeStudy,
            "study or celeba, got those of paper; pass stages/pipelines/study/params.yaml or "
            "stages/pipelines/celeba/params.yaml",
        ),
    ],
)
def test_the_parameters_of_another_pipeline_are_one_clear_message(
    pipeline: str, needed: type[params.Pipeline], message: str
):
    path = ROOT / file_of(pipeline)
    with pytest.raises(SystemExit) as stopped:
        params.read(path, needed)
    assert str(stopped.value) == f"{path}: expected the parameters of {message}"


def test_a_pipeline_that_is_not_known_is_answered_with_those_there_are(tmp_path: Path):
    with pytest.raises(SystemExit, match="unknown pipeline 'papers': expected one of laptop, pap"):
        params.read(tmp_path / "stages/pipelines/papers/params.yaml", params.Pipeline)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda p: p["sweep"].update(batch_size="many"),
            "sweep.batch_size: expected a valid integer, got 'many'",
        ),
        (
            lambda p: p["sweep"].update(batch_size=0),
            "sweep.batch_size: expected greater than or equal to 1, got 0",
        ),
        (
            lambda p: p["sweep"].update(batchsize=3),
            "sweep.batchsize: unknown key, got 3; remove it or check its spelling",
        ),
        (lambda p: p["sweep"].pop("seed"), "sweep.seed: missing; expected a value here"),
        (
            lambda p: p["sweep"]["networks"]["B1"].update(learning_rates=[0.1, -1.0]),
            "sweep.networks.B1.learning_rates.1: expected greater than 0, got -1.0",
        ),
        (
            lambda p: p["train"].update(seeds=[0, 0]),
            "train.seeds: expected values that all differ, as each is measured once, got [0, 0]",
        ),
        (
            lambda p: p["restore"].update(modes=["eval", "train", "eval"]),
            "restore.modes: expected values that all differ",
        ),
        (
            lambda p: p["sweep"]["networks"]["B1"].update(widths=[5, 4]),
            "sweep.networks.B1.widths: expected a last width equal to the first",
        ),
        (
            lambda p: p["plot"].update(sweep=["B7"]),
            "expected every network of plot among sweep.networks (B1, B2, B3, B4), got 'B7'",
        ),
        (
            lambda p: p["transposed"]["networks"]["B4"].update(learning_rates=[0.3]),
            "expected a rate of sweep.networks.B4 (0.12, 0.42, 0.62) among "
            "transposed.networks.B4.learning_rates, got [0.3]",
        ),
        (
            lambda p: p["score"].update(batch_size=400),
            "expected evaluate.samples divisible by score.batch_size, as BatchNorm needs batches "
            "of one size, got 500 and 400",
        ),
        (
            lambda p: p["train"]["validation"].update(samples=501),
            "expected train.validation.samples divisible by score.batch_size",
        ),
        (
            lambda p: p["sweep"].update(initialization="zeros"),
            "sweep.initialization: expected 'default', 'kaiming_normal' or 'orthogonal', got",
        ),
        (
            lambda p: p["linear"].update(bailout=2.0),
            "linear.figure_gammas: expected values of 0.266667 or more, as bailout is too small",
        ),
        (
            lambda p: p["linear"].update(plane_width=1201),
            "linear.plane_width: expected a multiple of 2, got 1201",
        ),
    ],
)
def test_a_wrong_parameter_is_named_with_what_was_expected(changed, change, message: str):
    path = changed(change)
    with pytest.raises(SystemExit) as stopped:
        params.read(path, params.Laptop)
    assert f"{path}: {message}" in str(stopped.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rate": -1.0}, "learning_rate: expected greater than 0, got -1.0"),
        ({"channels": []}, "channels: expected "),
        ({"tightness": {"weight": 1.0}}, "tightness.clamp: missing; expected a value here"),
        ({"folder": "elsewhere"}, "folder: unknown key, got 'elsewhere'"),
        ({"learnin_rate": 0.1}, "learnin_rate: unknown key, got 0.1"),
    ],
)
def test_a_setting_changes_what_a_model_or_its_training_has_and_within_their_limits(
    changed, change: dict, message: str
):
    def write(content: dict) -> None:
        content["search"]["groups"] = {"small": {"odd": {"of": "ordinary"} | change}}

    path = changed(write, "study")
    with pytest.raises(SystemExit) as stopped:
        params.read(path, params.MNISTStudy)
    assert str(stopped.value).startswith(f"{path}: search.groups.small.odd.{message}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c["stand_ins"]["n512"].update(network="B9"),
            "stand_ins.n512.network: a network of published.networks (B1, B2, B3, B4), got 'B9'",
        ),
        (
            lambda c: c["readings"]["widths"]["table_1"].update(networks={"B9": [5, 5]}),
            "readings.widths.table_1.networks: networks of readings.networks (B2, B3), got 'B9'",
        ),
        (
            lambda c: c["readings"]["widths"]["table_1"].update(networks={"B2": [5, 6]}),
            "readings.widths.table_1.networks.B2: expected ",
        ),
        (
            lambda c: c["walks"].update(plane_steps=[300, 2520]),
            "walks: expected multiples of plane_every, 20, up to steps, 2510, as plane_steps",
        ),
        (
            lambda c: c["walks"].update(plane_steps=[310]),
            "walks: expected multiples of plane_every, 20, up to steps, 2510, as plane_steps",
        ),
        (
            lambda c: c["walks"]["cases"]["table_1"].update(widths="elsewhere"),
            "walks.cases.table_1.widths: a key of readings.widths (112_inputs_on_B2, ",
        ),
    ],
)
def test_names_of_the_papers_pipeline_are_known(changed, change, message: str):
    path = changed(change, "paper")
    with pytest.raises(SystemExit) as stopped:
        params.read(path, params.Paper)
    assert message in str(stopped.value)


def test_every_wrong_parameter_is_listed_at_once(changed):
    path = changed(lambda p: (p["sweep"].update(seed=-1), p["derive"].update(max_degree=99)))
    with pytest.raises(SystemExit) as stopped:
        params.read(path, params.Laptop)
    assert len(str(stopped.value).splitlines()) == 2


def test_a_file_that_is_missing_or_no_yaml_is_named(tmp_path: Path):
    with pytest.raises(SystemExit, match="params.yaml: no such file; run from the top"):
        params.read(tmp_path / "params.yaml", params.Laptop)
    (tmp_path / "params.yaml").write_text("a: [")
    with pytest.raises(SystemExit, match="params.yaml: not valid YAML"):
        params.read(tmp_path / "params.yaml", params.Laptop)


def test_a_wrong_parameter_stops_a_stage_before_it_writes(changed, tmp_path: Path):
    path = changed(lambda p: p["sweep"].update(batch_size="many"))
    said = run_here(sweep, ["B1", "--params", str(path), "--metrics", "out"], tmp_path)
    assert "sweep.batch_size" in str(said)
    assert not (tmp_path / "out").exists()


def test_an_unknown_name_is_answered_with_the_valid_ones():
    with pytest.raises(SystemExit, match="unknown network 'B5': expected one of B1, B2"):
        params.choose({"B1": 1, "B2": 2}, "B5", "network")


@pytest.mark.parametrize("written", ["1e-05", "1e-5", "1.0e-5", "0.00001"])
def test_a_number_is_read_as_dvc_writes_it(tmp_path: Path, written: str):
    text = re.sub(
        r"(equality_tolerance: )\S+", rf"\g<1>{written}", (ROOT / "params.yaml").read_text()
    )
    path = tmp_path / "params.yaml"
    path.write_text(text)
    assert params.read(path, params.Laptop).claims.equality_tolerance == 1e-5
    with modify_yaml(str(path)) as content:
        content["claims"]["equality_tolerance"] = 2e-6
    assert params.read(path, params.Laptop).claims.equality_tolerance == 2e-6


@pytest.mark.parametrize(("written", "read"), [("010", 10), ("1:30", None), ("0o10", 8)])
def test_what_runs_is_what_dvc_records(tmp_path: Path, written: str, read: int | None):
    path, text = tmp_path / "params.yaml", (ROOT / "params.yaml").read_text()
    path.write_text(re.sub(r"(ensemble_count: )\d+", rf"\g<1>{written}", text))
    recorded = load_yaml(str(path))["linear"]["ensemble_count"]
    if read is None:
        assert recorded == written
        with pytest.raises(SystemExit, match="linear.ensemble_count: expected a valid integer"):
            params.read(path, params.Laptop)
    else:
        assert params.read(path, params.Laptop).linear.ensemble_count == recorded == read


def test_a_clone_may_lie_in_a_folder_named_pipelines(tmp_path: Path):
    path = tmp_path / "pipelines/idem/params.yaml"
    path.parent.mkdir(parents=True)
    path.write_text((ROOT / "params.yaml").read_text())
    assert params.read(path, params.Laptop)


def test_a_file_that_is_no_text_is_named(tmp_path: Path):
    path = tmp_path / "params.yaml"
    path.write_bytes(b"sweep: \xff\xfe")
    with pytest.raises(SystemExit, match=r"params.yaml: expected a text file in UTF-8"):
        params.read(path, params.Laptop)
    with pytest.raises(SystemExit, match="expected a text file in UTF-8, got"):
        params.read(tmp_path, params.Laptop)
