"""Units on a real scheduler and two workers, processes of their own in folders of their own."""

import gc
import multiprocessing
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
import torch
import yaml
from dask.cli import run_cli
from distributed import LocalCluster
from safetensors.torch import load_file

from idem.checkpoint import Checkpoint
from stages.common import cluster, engine
from stages.common.files import write_tensors
from tests import ROOT
from tests.interrupted import saved_steps, wait_for
from tests.stages.common.test_engine import check_attempts, numbers, tried
from tests.stages.common.test_resume import kept, outputs, run_here, write_params

LOCAL = ["--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0"]


class Started(NamedTuple):
    address: str
    scheduler: BaseProcess
    workers: Sequence[BaseProcess]
    folders: list[Path]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Start them as forks of a process that has imported torch once for all."""
    folders = [tmp_path_factory.mktemp(name) for name in ("scheduler", "first", "second")]
    where = folders[0] / "address.json"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    commands = [["scheduler", "--port", "0"], *[["worker", "--nthreads", "1", "--no-nanny"]] * 2]
    processes = [
        context.Process(target=dask, args=(folder, [*command, "--scheduler-file", str(where)]))
        for folder, command in zip(folders, commands, strict=True)
    ]
    with ExitStack() as stack:
        for process in processes:
            process.start()
            stack.callback(process.join)
            stack.callback(process.kill)
        wait_for(lambda: where.exists() and where.stat().st_size > 0)
        address = yaml.safe_load(where.read_text())["address"]
        yield Started(address, processes[0], processes[1:], folders[1:])


def dask(folder: Path, arguments: list[str]) -> None:
    """Do in a folder, with a log there, what ``python -m dask`` does with these arguments."""
    os.chdir(folder)
    os.environ["TQDM_DISABLE"] = "1"
    with Path("log").open("w") as log:
        os.dup2(log.fileno(), 2)
    sys.argv[1:] = [*arguments, *LOCAL]
    run_cli()


@pytest.fixture
def address(started: Started, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("IDEM_ENGINE", started.address)
    return started.address


def test_ports_are_open_to_this_machine_alone(started: Started):
    assert f'listen="{" ".join(LOCAL)}"' in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for process in (started.scheduler, *started.workers):
        wait_for(lambda pid=process.pid: listening(pid) != set())
        assert listening(process.pid) == {"127.0.0.1"}


def listening(process: int | None) -> set[str]:
    ports = psutil.Process(process).net_connections("inet")
    return {port.laddr.ip for port in ports if port.status == psutil.CONN_LISTEN}


def test_results_are_in_order_whichever_worker_ends_first(address: str):
    seconds = [1.5, 0.0, 0.2, 0.1]
    arrived = []
    units = [(duration, position) for position, duration in enumerate(seconds)]
    found = engine.run_units(slept, units, arrived=lambda index, _: arrived.append(index))
    assert [position for position, *_ in found] == [0, 1, 2, 3]
    assert arrived != sorted(arrived) and sorted(arrived) == [0, 1, 2, 3]
    assert {threads for *_, threads in found} == {1}
    assert os.getpid() not in {process for _, process, _ in found}


def slept(seconds: float, position: int) -> tuple[int, int, int]:
    time.sleep(seconds)
    return position, os.getpid(), torch.get_num_threads()


def test_a_unit_that_fails_three_times_stops_no_other(address: str, tmp_path: Path):
    check_attempts(tmp_path / "tried")


def test_what_a_user_got_wrong_stops_all_at_once(address: str):
    with pytest.raises(SystemExit, match="expected less"):
        engine.run_units(sys.exit, [("expected less",)])


def test_files_reach_a_worker_once_and_again_when_they_change(
    address: str, started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    path, there = Path("data/some.npy"), [folder / "data/some.npy" for folder in started.folders]
    path.parent.mkdir()
    contents = []
    for content in ("one", "one", "two"):
        path.write_text(content)
        assert engine.run_units(Path.read_text, [(path,)] * 4) == [content] * 4
        contents.append([(file.read_text(), file.stat().st_mtime_ns) for file in there])
    assert contents[0] == contents[1]
    assert all(content == "two" for content, _ in contents[2])


def test_tensors_that_units_write_come_home(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    path = Path("data/some.safetensors")
    engine.run_units(write_tensors, [(path, {"x": torch.arange(3)})])
    assert torch.equal(load_file(path)["x"], torch.arange(3))


def test_units_that_cannot_travel_stay_here(address: str):
    assert engine.run_units(os.getpid, [()], travel=False) == [os.getpid()]


def test_an_interrupted_stage_leaves_nothing_to_be_done(address: str, tmp_path: Path):
    def interrupt(index: int, result: Any) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "tried"
    with pytest.raises(KeyboardInterrupt):
        engine.run_units(tried, [(path, 1)] * 50, arrived=interrupt)
    engine.run_units(slept, [(0.1, 0)] * 2)
    assert len(numbers(path)) < 10


def test_a_unit_that_nobody_waits_for_saves_itself_and_stops(address: str, tmp_path: Path):
    def interrupt(index: int, result: Any) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "unit.npz"
    with pytest.raises(KeyboardInterrupt):
        engine.run_units(counted, [(path, 20), (path, 10**9)], arrived=interrupt)
    wait_for(path.exists)
    engine.run_units(slept, [(0.1, 0)] * 2)


def counted(path: Path, most: int) -> int:
    """Count until it is time to stop, as a training does."""
    place = Checkpoint(path, every=1e6)
    for step in range(most):
        if place.is_due():
            place.save({}, {"step": step})
        time.sleep(0.01)
    return most


def test_a_mixture_of_engines_and_a_worker_killed_in_a_unit_change_no_byte(
    address: str, started: Started, tmp_path: Path
):
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        write_params(folder, steps=100)
    assert run_here(here, IDEM_ENGINE="local") == 0
    assert run_here(there, IDEM_ENGINE="local", IDEM_MINUTES="1e-5") == engine.OUT_OF_TIME  # begun
    (there / "metrics/units").mkdir()
    shutil.copy(kept(here)[-1], there / "metrics/units")
    killer = threading.Thread(target=kill_in_a_unit, args=(started,))
    killer.start()
    assert run_here(there, IDEM_ENGINE=address, IDEM_CHECKPOINT_SECONDS="1e-6") == 0
    killer.join()
    assert started.workers[0].exitcode == -9
    assert outputs(there) == outputs(here)
    assert not list(there.glob(".ckpt/*")) and not list(started.folders[1].glob(".ckpt/*"))


def kill_in_a_unit(started: Started) -> None:
    wait_for(lambda: saved_steps(started.folders[0]) > 10)
    started.workers[0].kill()
    started.workers[0].join()


def refusal(monkeypatch: pytest.MonkeyPatch, address: str) -> str:
    monkeypatch.setenv("IDEM_ENGINE", address)
    with pytest.raises(SystemExit) as stopped:
        engine.run_units(os.getpid, [()])
    assert isinstance(stopped.value.code, str) and "\n" not in stopped.value.code
    return stopped.value.code


@pytest.mark.parametrize("given", ["remote", "127.0.0.1:8786", "tcp://host", "http://host:1"])
def test_what_is_no_address_is_named(monkeypatch: pytest.MonkeyPatch, given: str):
    assert f"tcp://127.0.0.1:8786 or tls://host:8786, got {given!r}" in refusal(monkeypatch, given)


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_an_address_where_nobody_answers_is_named(monkeypatch: pytest.MonkeyPatch, scheme: str):
    monkeypatch.setattr(cluster, "_CONNECT", 0.5)
    wrong = f"{scheme}://127.0.0.1:1"
    assert f"expected a scheduler at {wrong}" in refusal(monkeypatch, wrong)


def test_a_worker_of_another_version_is_named(address: str, monkeypatch: pytest.MonkeyPatch):
    versions = cluster._versions() | {"torch": "0.1"}
    monkeypatch.setattr(cluster, "_versions", lambda: versions)
    said = refusal(monkeypatch, address)
    assert "worker tcp://127.0.0.1:" in said and "torch: expected 0.1, as here, got 2." in said


def test_a_worker_of_other_code_is_named(address: str, monkeypatch: pytest.MonkeyPatch):
    code = cluster._code() | {"idem/sweeps/lanes.py": "0"}
    monkeypatch.setattr(cluster, "_code", lambda: code)
    assert "idem/sweeps/lanes.py is not the file that is here" in refusal(monkeypatch, address)


@pytest.mark.parametrize("threads", [0, 2])
def test_a_scheduler_without_workers_of_one_thread_is_named(
    monkeypatch: pytest.MonkeyPatch, threads: int
):
    monkeypatch.setattr(cluster, "PATIENCE", 0.2)
    how = {"n_workers": min(threads, 1), "threads_per_worker": threads or None}
    how |= {"processes": False, "protocol": "tcp", "host": "127.0.0.1"}
    there: Any = LocalCluster(**how, dashboard_address="127.0.0.1:0")
    with there:
        said = refusal(monkeypatch, there.scheduler_address)
    assert ("expected one thread, got 2" if threads else "dask worker tcp://127.0.0.1:") in said


def test_a_scheduler_that_is_gone_is_named(address: str, started: Started, monkeypatch):
    monkeypatch.setattr(cluster, "_CONNECT", 0.5)
    with pytest.raises(SystemExit, match="lost the scheduler at tcp.*run the same command again"):
        engine.run_units(slept, [(0.0, 0), (60.0, 1)], arrived=lambda *_: started.scheduler.kill())


def test_a_client_that_did_not_connect_is_not_collected_while_another_starts(monkeypatch):
    collecting = []

    def start(*_: object, **__: object) -> None:
        collecting.append(gc.isenabled())
        raise OSError("nobody there")

    monkeypatch.setattr(cluster, "Client", start)
    with pytest.raises(SystemExit, match="reached none"):
        cluster._connected("tcp://127.0.0.1:1")
    assert (collecting, gc.isenabled()) == ([False], True)
