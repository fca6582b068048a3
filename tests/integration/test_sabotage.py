"""What is made wrong in code, parameters or data changes a number that the comparison names.

The stages run at their smallest in one copy of the repository, whose committed numbers are those of
a first run there; claims are not judged anew.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stages.compare.comparison import compare
from stages.report.scratch import GIT, copy_repository, run
from tests import ROOT
from tests.integration.pipelines import LINEAR, rewrite
from tests.integration.small_training import shrink_training
from tests.made_up import write_classifier, write_raw_mnist
from tests.stages.compare.summary_files import commit

pytestmark = pytest.mark.integration

STAGES = {
    "prepare": ["stages.data.prepare", "mnist"],
    "train": ["stages.generative.train", "mnist"],
    "sweep": ["stages.sweeps.sweep", "B1"],
    "linear": ["stages.linear.linear"],
}
SWEEP = {"learning_rates": [0.1, 0.2], "runs": 3, "steps": 10, "log_every": 5}


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Commit what the stages find at their smallest, on images of noise."""
    folder = tmp_path_factory.mktemp("copy")
    copy_repository(ROOT, folder)
    change_parameters(folder, shrink)
    write_raw_mnist(folder, "train", 60)
    write_raw_mnist(folder, "t10k", 12)
    rerun(folder, "prepare")
    write_classifier(folder)
    rerun(folder, "train", "sweep", "linear", "summary")
    commit(folder)
    return folder


@pytest.fixture
def copy(committed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the copy as it was committed, and bring that state back."""
    monkeypatch.chdir(committed)
    yield committed
    run([*GIT, "checkout", "--quiet", "--", "."], committed)


def shrink(content: dict[str, Any]) -> None:
    content["linear"] |= LINEAR
    shrink_training(content)
    content["sweep"] |= {"batch_size": 16}
    content["sweep"]["networks"]["B1"] |= SWEEP
    del content["transposed"]["networks"]["B1"]  # which takes rates of B1


def change_parameters(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    rewrite(folder / "params.yaml", change)


def change_code(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert text.count(old) == 1, f"{file}: {old}"
    (folder / file).write_text(text.replace(old, new))


def rerun(folder: Path, *stages: str) -> None:
    """Run stages anew, as DVC does, each in a process with the code of the copy."""
    for name in stages:
        run(["python", "-m", *STAGES.get(name, [f"stages.{name}"])], folder)


def differing(folder: Path, *stages: str) -> set[str]:
    """Run stages and the summary anew; return the numbers that no longer agree with HEAD."""
    rerun(folder, *stages, "summary")
    report = compare("HEAD", pipeline="laptop")
    found = {row.name for _, row in report.rows if row.fails}
    assert report.agrees == (not found)
    return found


def test_what_is_left_alone_agrees(copy: Path):
    assert differing(copy, "train", "sweep") == set()


def test_the_sign_of_the_rule_in_the_sweeps_is_noticed(copy: Path):
    right = "w.sub_(u).mul_(2).sub_(difference)"
    change_code(copy, "idem/sweeps/lanes.py", right, f"{right}.neg_()")
    assert "B1.log10_error" in differing(copy, "sweep")


def test_the_sign_of_the_rule_in_the_library_is_noticed(copy: Path):
    right = "y_minus_y_prime.sub_(z, alpha=alpha)"
    change_code(copy, "idem/rule/gradient.py", right, right.replace("sub_", "add_"))
    assert "L5.log10_difference" in differing(copy, "linear")


def test_a_swapped_list_of_seeds_is_noticed(copy: Path):
    change_parameters(copy, lambda content: content["train"]["seeds"].reverse())
    assert differing(copy, "train") >= {"train.loss_modified", "train.loss_ign"}


def test_another_seed_of_the_sweeps_is_noticed(copy: Path):
    change_parameters(copy, lambda content: content["sweep"].update(seed=1))
    assert "B1.log10_update" in differing(copy, "sweep")


def test_a_changed_learning_rate_is_noticed(copy: Path):
    """By five in a hundred."""
    rates = {"learning_rates": [0.105, 0.21]}
    change_parameters(copy, lambda content: content["sweep"]["networks"]["B1"].update(rates))
    assert "B1.log10_update" in differing(copy, "sweep")


def test_truncated_data_are_noticed(copy: Path):
    write_raw_mnist(copy, "train", 50)
    assert "data.images" in differing(copy, "prepare")


def test_a_file_that_breaks_off_stops_the_stage_that_reads_it(copy: Path):
    images = copy / "data/mnist/raw/train-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:-100])
    with pytest.raises(SystemExit, match="train-images-idx3-ubyte"):
        rerun(copy, "prepare")
    table = copy / "metrics/laptop/sweep_B1.csv"
    table.write_bytes(table.read_bytes()[:-10])
    with pytest.raises(SystemExit, match="sweep_B1.csv: expected the file that stage sweep@B1"):
        rerun(copy, "summary")
