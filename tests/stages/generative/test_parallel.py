"""Two processes, as `torchrun` starts them, leave checkpoints from which stage `train` goes on."""

import os
import socket
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import yaml

from idem.checkpoint import Checkpoint
from stages.generative import parallel, train
from tests import ROOT
from tests.interrupted import run_here
from tests.stages.evaluation.test_evaluate import tiny_data, tiny_params

ARGUMENTS = ["mnist", "--metrics", "metrics"]
PROCESSES = 2
STEPS = 4


def prepared(folder: Path) -> Path:
    """Return a new folder with what stage `train` needs, for one seed, and batches of odd size."""
    folder.mkdir()
    tiny_params(folder)
    tiny_data(folder)
    content = yaml.safe_load((folder / "params.yaml").read_text())
    content["train"] |= {"seeds": [0], "steps": STEPS, "batch_size": 7}
    (folder / "params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    return folder


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory, warm: Path) -> tuple[Path, str]:
    """Return a folder in which two processes have trained, and what they said."""
    folder = prepared(tmp_path_factory.mktemp("parallel") / "together")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    group = {"WORLD_SIZE": PROCESSES, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    processes = [
        subprocess.Popen(
            [warm / "python", "-m", "stages.generative.parallel", *ARGUMENTS],
            cwd=folder,
            env=os.environ
            | {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1", "TORCHELASTIC_RUN_ID": "test"}
            | {name: str(value) for name, value in group.items()}
            | {name: str(rank) for name in ("RANK", "LOCAL_RANK")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(PROCESSES)
    ]
    said = [process.communicate() for process in processes]
    assert not any(process.returncode for process in processes), said
    return folder, "".join(out for out, _ in said)


def test_every_run_is_left_after_its_last_step_but_what_cannot_be_shared(together):
    folder, said = together
    found = {path.name.split("_")[2]: path for path in (folder / ".ckpt").glob("*.npz")}
    assert {name: Checkpoint(path).notes()["step"] for name, path in found.items()} == {
        "modified": STEPS,
        "ordinary": STEPS,
    }
    assert said.count("train_mnist_ign_0: its loss is no mean over items") == 1
    assert said.count("stage train finds the runs in their checkpoints") == 1


def test_stage_train_goes_on_from_there_to_what_it_would_have_found(together, tmp_path: Path):
    folder, alone = together[0], prepared(tmp_path / "alone")
    for each in (folder, alone):
        assert run_here(train, ARGUMENTS, each) == 0
    ours, expected = (pd.read_csv(each / "metrics/train_mnist.csv") for each in (folder, alone))
    pd.testing.assert_frame_equal(ours, expected, rtol=1e-3)
    assert not list((folder / ".ckpt").glob("*.npz"))


def test_without_torchrun_it_is_said_how_to_start_it(tmp_path: Path):
    said = run_here(parallel, ARGUMENTS, tmp_path)
    assert "expected to be started by torchrun" in str(said)
