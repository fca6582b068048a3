import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests import warm_python


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Small tensors gain nothing from threads or workers, and lose much where cores are shared."""
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")  # of processes that tests start
        patch.setenv("IDEM_WORKERS", "1")
        yield


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder whose `python` and `dvc` start at once, the same one for all workers."""
    within_xdist = "PYTEST_XDIST_WORKER" in os.environ
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if within_xdist else own) / "warm"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            warm_python.start(folder, os.getppid() if within_xdist else os.getpid())
    return folder
