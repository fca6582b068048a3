import os
import signal
import sys
import time
from pathlib import Path

import pytest
import torch

from stages.common import engine


@pytest.mark.parametrize("given", ["0", "-1", "two"])
def test_a_wrong_number_of_workers_is_named(monkeypatch: pytest.MonkeyPatch, given: str):
    monkeypatch.setenv("IDEM_WORKERS", given)
    with pytest.raises(SystemExit, match="IDEM_WORKERS: expected a whole number, at least 1, got"):
        engine.workers()


@pytest.mark.parametrize("given", ["cuda:99", "abacus"])
def test_a_device_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, given: str):
    monkeypatch.setenv("IDEM_DEVICE", given)
    with pytest.raises(SystemExit, match=f"IDEM_DEVICE: .*, got '{given}'"):
        engine.device()


def test_units_return_in_order(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IDEM_WORKERS", "1")
    assert engine.run_units(divmod, [(7, 2), (9, 4)]) == [(3, 1), (2, 1)]


def tried(path: Path, number: int, from_attempt: int = 0) -> int:
    """Note that this was tried; fail for 0, and for others before this attempt."""
    with path.open("a") as file:
        file.write(f"{number} ")
    attempt = numbers(path).count(number)
    return 12 // (number if attempt >= from_attempt else 0)


def numbers(path: Path) -> list[int]:
    return [int(word) for word in path.read_text().split()]


def check_attempts(path: Path) -> None:
    """Hold that a unit that fails is tried three times by the engine, and stops no other."""
    arrived = {}
    with pytest.raises(ZeroDivisionError) as failed:
        units = [(path, number, from_attempt) for number, from_attempt in FAILING]
        engine.run_units(tried, units, arrived=arrived.__setitem__)
    assert arrived == {0: 12, 2: 4, 3: 3}
    assert sorted(numbers(path)) == [0, 0, 0, 1, 3, 4, 4, 4]
    said = [*map(str, failed.traceback), *getattr(failed.value, "__notes__", [])]
    assert "in tried" in "".join(said)


FAILING = [(1, 0), (0, 0), (3, 0), (4, 3)]  # number, and from which attempt on it does not fail


@pytest.mark.parametrize("count", ["1", "2"])
def test_a_unit_that_fails_three_times_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys, tmp_path: Path, count: str
):
    monkeypatch.setenv("IDEM_WORKERS", count)
    check_attempts(tmp_path / "tried")
    said = capsys.readouterr().out
    assert "attempt 1 of 3 at a unit failed: ZeroDivisionError: integer division" in said
    assert said.count("attempt") == 2


def test_the_errors_of_others_are_printed(monkeypatch: pytest.MonkeyPatch, capsys):
    with pytest.raises(ZeroDivisionError):
        engine.run_units(divmod, [(7, 0), (7.5, 0)])
    assert "ZeroDivisionError: float" in capsys.readouterr().err


@pytest.mark.parametrize("count", ["1", "2"])
def test_what_a_unit_stops_with_is_not_lost(monkeypatch: pytest.MonkeyPatch, count: str):
    monkeypatch.setenv("IDEM_WORKERS", count)
    with pytest.raises(SystemExit) as stopped:
        engine.run_units(sys.exit, [("expected less",)])
    assert stopped.value.code == "expected less"


def test_a_worker_that_is_killed_in_a_unit_changes_no_result(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("IDEM_WORKERS", "2")
    arrived = []
    units = [(tmp_path / "killed", number) for number in range(2)]
    assert engine.run_units(killed_once, units, arrived=lambda *r: arrived.append(r)) == [0, 1]
    assert arrived == [(0, 0), (1, 1)]


def killed_once(path: Path, number: int) -> int:
    if number == 1 and not path.exists():
        path.touch()
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def gpus(monkeypatch: pytest.MonkeyPatch, names: str, cores: int = 16) -> None:
    """Let the machine have GPUs."""
    monkeypatch.setenv("IDEM_DEVICE", "cuda")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", names)
    monkeypatch.setattr(engine.joblib, "cpu_count", lambda: cores)
    for name in ("IDEM_WORKERS", "IDEM_ENGINE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("names", "cores", "units", "expected"),
    [("0", 16, 100, 8), ("0,1", 16, 100, 16), ("0,1", 4, 100, 4), ("0,1,2", 16, 7, 6)],
)
def test_every_gpu_gets_as_many_units_as_it_does_most_with(
    monkeypatch: pytest.MonkeyPatch, names: str, cores: int, units: int, expected: int
):
    gpus(monkeypatch, names, cores)
    count = len(names.split(","))
    assert engine.at_once_by(lambda many: min(many / count, 5.0), units) == expected


@pytest.mark.parametrize(
    "given", [{"IDEM_WORKERS": "3"}, {"IDEM_DEVICE": "cpu"}, {"IDEM_DEVICE": "cuda:1"}]
)
def test_nothing_is_tried_where_it_is_settled(monkeypatch: pytest.MonkeyPatch, given: dict):
    gpus(monkeypatch, "0,1")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert engine.at_once_by(lambda many: 1 / 0, 100) is None


def test_on_a_gpu_float32_is_float32_and_convolutions_do_not_depend_on_chance(monkeypatch):
    cudnn = torch.backends.cudnn
    for name, usual in (("deterministic", False), ("benchmark", True), ("allow_tf32", True)):
        monkeypatch.setattr(cudnn, name, usual)
    monkeypatch.setattr(torch, "empty", lambda *_, device: None)  # as if there were one
    monkeypatch.setenv("IDEM_DEVICE", "cuda:0")
    assert engine.device() == "cuda:0"
    assert (cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32) == (True, False, False)
    assert torch.get_float32_matmul_precision() == "highest"
