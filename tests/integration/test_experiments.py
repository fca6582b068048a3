"""The recipes of CONTRIBUTING, run as they stand there, on a pipeline of made-up images.

It is the part of the root pipeline that leads from images to the training and to the summary, which
takes everything else as committed.
"""

import csv
import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest

from stages.report.scratch import GIT, copy_repository, environment, run
from tests import ROOT
from tests.integration.pipelines import remove_others, rewrite
from tests.integration.small_training import shrink_training
from tests.made_up import write_classifier, write_raw_mnist
from tests.stages.compare.summary_files import commit

pytestmark = pytest.mark.integration

STAGES = ["check", "fetch", "prepare", "classifier", "train", "summary"]
COMPARE = "python -m stages.compare"  # says by its status whether two experiments agree
SUMMARY = "metrics/laptop/summary.json"


def recipes() -> list[list[str]]:
    """Return the commands of each example in the section on experiments."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("\n## Experiments\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"(?:^    .+\n)+", section, re.MULTILINE)
    return [[line.strip() for line in block.splitlines()] for block in blocks]


SCALES, QUEUE, TEMP, BRANCH = recipes()


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("copy")
    copy_repository(ROOT, folder)
    for path in (folder / "dvc.lock", *(folder / "stages/pipelines").glob("*/dvc.*")):
        path.unlink()  # of which DVC reads or writes the whole, stage after stage
    remove_others(folder, "laptop")
    rewrite(folder / "dvc.yaml", keep_stages)
    rewrite(folder / "params.yaml", shrink_training)
    write_raw_mnist(folder, "train", 60)
    write_raw_mnist(folder, "t10k", 12)
    run(["python", "-m", "stages.data.prepare", "mnist"], folder)
    write_classifier(folder)
    run(["python", "-m", "stages.generative.train", "mnist"], folder)
    run(["python", "-m", "stages.summary"], folder)
    run(["dvc", "commit", "--force", "--quiet"], folder)
    commit(folder)
    yield folder
    run(["dvc", "queue", "stop", "--kill"], folder)


def keep_stages(content: dict[str, Any]) -> None:
    content["stages"] = {name: content["stages"][name] for name in STAGES}
    summary = content["stages"]["summary"]
    kept = ("stages/", "metrics/laptop/train_mnist.csv")
    summary["deps"] = [path for path in summary["deps"] if path.startswith(kept)]


def follow(folder: Path, recipe: list[str]) -> list[str]:
    """Run the lines of a recipe as a shell does; return what each prints."""
    said = []
    for line in recipe:
        with TemporaryFile("w+", encoding="utf-8") as out:  # a pipe is held open by queue workers
            command = ["bash", "-c", line]
            found = subprocess.run(command, cwd=folder, env=environment(), stdout=out, stderr=out)
            out.seek(0)
            said.append(out.read())
        allowed = (0, 1) if line.startswith(COMPARE) else (0,)
        assert found.returncode in allowed, f"{line}: {said[-1]}"
        if "dvc queue start" in line:
            wait_for_queue(folder)
    return said


def wait_for_queue(folder: Path) -> None:
    """Wait, and ask DVC, which takes it a second, when there is one experiment more, or it is long.

    One that fails leaves none.
    """
    end, asked, known = time.monotonic() + 600, 0.0, ""
    while time.monotonic() < end:
        found = run([*GIT, "for-each-ref", "refs/exps"], folder)
        if found != known or time.monotonic() > asked + 20:
            if not re.search("Queued|Running", run(["dvc", "queue", "status"], folder)):
                return
            asked, known = time.monotonic(), found
        time.sleep(0.5)
    pytest.fail("the queue does not come to its end")


def experiments(folder: Path) -> dict[str, dict[str, str]]:
    """Return the rows of `dvc exp show` by name."""
    shown = run(["dvc", "exp", "show", "--csv"], folder)
    return {row["Experiment"]: row for row in csv.DictReader(shown.splitlines())}


def test_two_scales_of_a_rule_are_compared(copy: Path):
    *_, difference, compared = follow(copy, SCALES)
    assert "train.models.modified.weight" in difference
    assert "train.loss_modified" in difference
    assert "half and double" in compared
    assert "laptop: train.loss_modified" in compared
    assert "laptop: train.loss_ordinary" not in compared


def test_a_queue_runs_every_batch_size(copy: Path):
    follow(copy, QUEUE)
    sizes = {row["train.batch_size"] for row in experiments(copy).values()}
    assert {"32", "64", "128"} <= sizes


def test_an_experiment_in_a_copy_leaves_the_working_tree_alone(copy: Path):
    before = run(["git", "status", "--porcelain"], copy), (copy / SUMMARY).read_bytes()
    follow(copy, TEMP)
    assert before == (run(["git", "status", "--porcelain"], copy), (copy / SUMMARY).read_bytes())
    assert experiments(copy)["three-seeds"]["train.seeds"] == "[0, 1, 2]"


def test_an_experiment_becomes_a_branch_and_what_was_committed_comes_back(copy: Path):
    _, changed, _ = follow(copy, BRANCH)
    assert "params.yaml" in changed and SUMMARY in changed
    assert run([*GIT, "status", "--porcelain", "--untracked-files=no"], copy) == ""
    kept = json.loads(run([*GIT, "show", f"weight-half:{SUMMARY}"], copy))
    assert kept != json.loads((copy / SUMMARY).read_text())
