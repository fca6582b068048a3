"""The pipeline itself, run at its smallest in a copy of the repository."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from idem.rule.loss import RULES
from stages.report.scratch import run
from tests.integration.pipelines import (
    LINEAR,
    check_only_results_changed,
    check_outputs,
    copy_with,
    outputs,
    shrink_generative,
    shrink_sweeps,
)
from tests.made_up import write_raw_mnist

pytestmark = pytest.mark.integration

AT_START = {"steps": 0, "learning_rate": 0.1, "applications": 2, "fresh_batches": 2}
STABLE = {"steps": 2, "learning_rates": {rule: [0.1, 0.2] for rule in RULES}}
STABLE |= {"places": [AT_START, AT_START | {"steps": 1}]}
TRAJECTORY = {"items": 20, "interpolation_points": 3, "surface_points": 3}
ROUTE = {"runs": 2, "steps": 2, "logged": 2}


def shrink(content: dict[str, Any]) -> None:
    """Make all parameters as small as the stages can do with."""
    shrink_sweeps(content)
    shrink_generative(content)
    content["sweep"]["networks"]["B1"]["steps"] = 4
    content["linear"] |= LINEAR
    content["derive"]["gammas"] = [1.0]
    content["derive"]["max_degree"] = 4
    content["peers"] |= {"size": 8, "count": 1, "gaps": [0.3]}
    content["stability"]["control"] |= {"width": 8, "batch_size": 2, "steps": 2}
    for stable in content["stability"]["networks"].values():
        stable |= STABLE
    content["cost"] |= {"depths": [1, 2, 4], "widths": [8]}
    content["trajectory"] |= TRAJECTORY
    for study in content["trajectory"]["studies"].values():
        study |= ROUTE | {"spectrum_items": 2}
    content["trajectory"]["gradients"]["B4"] |= ROUTE | {"runs": 1}
    content["flow"]["linear"] |= {"starts": 10, "steps": 20}
    content["flow"]["leaky"] |= {"starts": 10, "steps": 5, "batch_size": 8}
    content["prepare"]["valid_images"] = 20


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the pipeline, on images of noise in place of those that it fetches."""
    folder = tmp_path_factory.mktemp("copy")
    copy_with(folder, ".", shrink)
    write_raw_mnist(folder, "train", 60)
    write_raw_mnist(folder, "t10k", 20)
    run(["dvc", "commit", "--force", "check", "fetch"], folder)
    run(["dvc", "repro"], folder)
    return folder


def test_every_stage_ran_and_every_output_can_be_read(copy: Path):
    assert check_outputs(copy, "dvc.yaml") <= 30


def test_the_changed_parameters_arrived(copy: Path):
    table = pd.read_csv(copy / "metrics/laptop/sweep_B1.csv")
    assert table.step.max() == 4


def test_nothing_is_left_to_do_and_only_results_changed(copy: Path):
    assert "up to date" in run(["dvc", "repro"], copy)
    check_only_results_changed(copy, "dvc.yaml")


def test_a_review_sees_a_table_of_what_changed(copy: Path):
    table = run(["dvc", "metrics", "diff"], copy)
    assert "B1.log10_update" in table
    head, *rows = table.splitlines()
    assert len(rows) <= 60
    assert all(row.startswith("metrics/laptop/summary.json") for row in rows), head


def test_a_wrong_parameter_loses_nothing(copy: Path):
    before = {path: path.read_bytes() for path in outputs(copy, "dvc.yaml") if path.is_file()}
    with pytest.raises(SystemExit) as stopped:
        run(["dvc", "exp", "run", "--set-param", "sweep.batch_size=many"], copy)
    assert "sweep.batch_size: expected a valid integer, got 'many'" in str(stopped.value)
    after = {path: path.read_bytes() for path in before if path.exists()}
    assert before == after
