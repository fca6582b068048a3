"""The pipeline itself, run at its smallest in a copy of the repository."""

import csv
from pathlib import Path

import pytest
import yaml

from stages.common import params
from stages.report.scratch import copy_repository, reproduce, run
from tests import ROOT
from tests.integration.pipelines import check_only_results_changed, check_outputs, outputs

SMALLEST = [
    "derive.max_degree=4",
    "linear.size=16",
    "linear.runs=1",
    "linear.ensemble_count=5",
    "sweep.batch_size=64",
    "sweep.networks.B1.runs=2",
    "sweep.networks.B1.steps=40",
    "sweep.networks.B2.runs=1",
    "sweep.networks.B2.steps=4",
    "sweep.networks.B3.learning_rates=[0.12]",
    "sweep.networks.B3.steps=1",
    "sweep.networks.B4.learning_rates=[0.12]",
    "sweep.networks.B4.steps=1",
    "transposed.networks.B1.runs=2",
    "transposed.networks.B3.learning_rates=[0.12]",
    "transposed.networks.B4.learning_rates=[0.12]",
    "near.batch_size=64",
    "near.cases.n5.steps=2",
    "near.cases.n20.steps=2",
    "near.cases.n100.steps=2",
    "near.cases.n100_adam.steps=2",
    "newdata.cases.default.steps=2",
    "newdata.cases.kaiming.steps=2",
    "newdata.cases.orthogonal.steps=2",
    "newdata.cases.adam.steps=2",
    "newdata.cases.amount.steps=2",
    "newdata.cases.amount_128.steps=2",
    "newdata.cases.batch.steps=2",
    "published.networks.B2.runs=1",
    "published.networks.B2.steps=2",
    "published.networks.B3.steps=1",
    "linear.larger_sizes=[32]",
    "peers.size=24",
    "peers.count=1",
    "stability.networks.B3.steps=1",
    "stability.networks.B4.steps=1",
    "trajectory.studies.B1.steps=5",
    "trajectory.studies.B1_best.steps=5",
    "trajectory.studies.B2.steps=2",
    "trajectory.gradients.B4.steps=2",
    "train.seeds=[0]",
    "train.steps=3",
    "train.calibration_batches=2",
    "classifier.epochs=1",
    "evaluate.samples=250",
    "evaluate.applications=2",
    "evaluate.neighbours=20",
    "restore.training_images=1000",
    "restore.resamples=50",
    "latent.images=150",
    "latent.embedded=60",
    "latent.embedding_steps=250",
    "latent.perplexity=5.0",
    "latent.points=2",
    "latent.applications=2",
]

VARIANTS = yaml.safe_load((ROOT / "params.yaml").read_text())["variants"]
SMALLEST += [f"variants.{name}.{few}" for name in VARIANTS for few in ("runs=1", "steps=1")]

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    copy_repository(ROOT, folder)
    reproduce(folder, SMALLEST)
    return folder


def test_every_stage_ran_and_every_output_can_be_read(copy: Path):
    check_outputs(copy, "dvc.yaml")
    assert len(run(["dvc", "stage", "list", "--name-only"], copy).split()) <= 30


def test_the_changed_parameters_arrived(copy: Path):
    assert params.read(copy / "params.yaml", params.Laptop).sweep.batch_size == 64
    table = (copy / "metrics/laptop/sweep_B1.csv").read_text().splitlines()
    steps = {row["step"] for row in csv.DictReader(table)}
    assert max(map(int, steps)) == 40


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
