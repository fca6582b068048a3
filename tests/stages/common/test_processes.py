"""Processes that units are computed in: what they begin with, and how they end."""

import os
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import psutil
import pytest
import torch
from threadpoolctl import threadpool_info

from stages.common import devices
from stages.common.processes import computed
from tests.interrupted import wait_for

forked = pytest.mark.skipif(
    sys.platform != "linux" or torch.accelerator.is_available(), reason="they start afresh here"
)


def by_index(*arguments, **others) -> list:
    return [result for _, result in sorted(computed(*arguments, **others), key=lambda r: r[0])]


@forked
def test_a_process_has_what_this_one_has_imported(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "imported_before", sys)
    assert by_index(has, [("imported_before",), ("imported_never",)], 2) == [True, False]


def has(module: str) -> bool:
    return module in sys.modules


def test_every_library_has_one_thread():
    (threads, there), other = by_index(thread_numbers, [(), ()], 2)
    assert there != os.getpid() and other[1] != os.getpid()
    assert set(threads) == {1}


def thread_numbers() -> tuple[list[int], int]:
    time.sleep(0.2)  # so that one process does not take both
    return [library["num_threads"] for library in threadpool_info()], os.getpid()


def test_tensors_and_their_bytes_come_back():
    x = torch.arange(1e6)
    assert all(torch.equal(found, 2 * x) for found in by_index(doubled, [(x,)] * 3, 2))


def doubled(x: torch.Tensor) -> torch.Tensor:
    return 2 * x


def test_what_cannot_travel_is_the_error_of_its_unit_alone():
    assert by_index(made, [(1,), (0,)], 2)[0] == 1
    assert "pickle" in str(by_index(made, [(1,), (0,)], 2)[1])


def made(number: int) -> object:
    return number or (lambda: number)


def test_of_a_process_that_is_killed_nothing_is_lost_that_had_ended():
    found = by_index(killed, [(0.0,), (0.5,)], 2)
    assert found[0] == 0.0
    assert isinstance(found[1], BrokenProcessPool)


def killed(after: float) -> float:
    time.sleep(after)
    if after:
        psutil.Process().kill()
    return after


def test_left_early_it_leaves_nothing_running(tmp_path: Path):
    found = computed(noted, [(tmp_path, 0, 0.0), (tmp_path, 1, 600.0), (tmp_path, 2, 600.0)], 2)
    next(found)
    wait_for(lambda: len([*tmp_path.iterdir()]) == 3)
    found.close()
    wait_for(lambda: not any(psutil.pid_exists(int(p.suffix[1:])) for p in tmp_path.iterdir()))


def noted(folder: Path, number: int, seconds: float) -> None:
    (folder / f"{number}.{os.getpid()}").touch()
    time.sleep(seconds)


def test_each_sees_one_of_several_gpus(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert set(by_index(seen, [()] * 4, 2, devices.visible())) == {"3", "5"}


def seen() -> str:
    time.sleep(0.3)
    return os.environ["CUDA_VISIBLE_DEVICES"]
