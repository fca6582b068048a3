"""Which process has which GPU, how many pay, what is said of one that fails: on made-up GPUs."""

import os
import pickle

import pytest
import torch

from stages.common import devices
from stages.common.devices import DeviceError, Memory, explained, most_productive, too_small

GIB = 2**30


@pytest.fixture
def _taken(monkeypatch: pytest.MonkeyPatch):
    """Let this process be several, and forget in the end what they took."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "all of them")
    monkeypatch.setattr(devices, "_held", held := [])
    yield held
    for lock in held:
        lock.close()


@pytest.mark.parametrize(
    ("given", "found"), [("", []), ("1", ["1"]), ("0,GPU-8932", ["0", "GPU-8932"])]
)
def test_the_gpus_are_those_that_are_visible(monkeypatch: pytest.MonkeyPatch, given, found):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    assert devices.visible() == found


def test_without_a_word_all_that_there_are_are_visible(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    assert devices.visible() == ["0", "1", "2"]


def test_processes_are_divided_evenly_and_one_that_ends_makes_room(_taken, tmp_path):
    found = []
    for _ in range(5):
        devices.take(str(tmp_path), ["a", "b"])
        found.append(os.environ["CUDA_VISIBLE_DEVICES"])
    assert found == ["a", "b", "a", "b", "a"]
    _taken.pop(1).close()
    devices.take(str(tmp_path), ["a", "b"])
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "b"


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        (lambda count: 1.0, 1),  # full with one
        (lambda count: count / (1 + count / 9), 16),  # starts kernels slowly: the more the better
        (lambda count: min(count, 6.0), 8),  # full from six on
        (lambda count: count if count <= 5 else 0.0, 4),  # of memory for five
        (lambda count: 0.0, 16),  # nothing could be measured
    ],
)
def test_as_many_run_side_by_side_as_pay(device, expected: int):
    assert most_productive(device, 16) == expected


def test_no_more_are_tried_than_allowed():
    tried = []
    assert most_productive(lambda count: tried.append(count) or count, 6) == 6
    assert tried == [1, 2, 4, 6]


def test_a_device_too_small_for_one_is_named_with_what_it_would_take():
    said = too_small("small (cuda:0)", Memory(8 * GIB, GIB, 6 * GIB, 5 * GIB))
    assert said.startswith("IDEM_DEVICE: small (cuda:0) has 8.0 GiB, and one unit needs 11.0")
    assert "memory_megabytes" in said and "IDEM_DEVICE=cpu" in said


def test_of_a_device_that_others_fill_it_is_said_how_many_fit():
    said = too_small("large (cuda)", Memory(80 * GIB, GIB, 20 * GIB, 4 * GIB))
    assert "has 80.0 GiB, of which 1.0 were free; a unit needs 24.0" in said
    assert said.endswith("at most 3 fit side by side: set IDEM_WORKERS to 3 a GPU, or fewer")


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has", 5 * GIB // 2),
        ("HIP out of memory. Tried to allocate 512.00 MiB (GPU 0;", GIB // 2),
        ("Tried to allocate 20 bytes", 20),
        ("no memory", 0),
    ],
)
def test_what_was_asked_for_is_read_from_the_error(said: str, asked: int):
    assert devices.asked_for(said) == asked


def test_an_error_of_memory_says_what_would_fit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "made-up GPU")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (GIB, 4 * GIB))
    monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda device: 3 * GIB)
    with pytest.raises(
        DeviceError, match=r"made-up GPU \(cuda\) has 4.0 GiB, .* needs 5.0"
    ) as told:
        with explained("cuda"):
            raise torch.OutOfMemoryError("Tried to allocate 2.00 GiB.")
    assert str(pickle.loads(pickle.dumps(told.value))) == str(told.value)  # from another process


def test_a_device_that_is_gone_is_named_though_it_answers_nothing(monkeypatch: pytest.MonkeyPatch):
    def gone(device):
        raise RuntimeError("no CUDA-capable device is detected")

    monkeypatch.setattr(torch.cuda, "get_device_name", gone)
    with pytest.raises(DeviceError, match="lost cuda:1: unspecified launch failure; what is saved"):
        with explained("cuda:1"):
            raise torch.AcceleratorError("unspecified launch failure\nCompile with DSA")


def test_other_errors_stay_what_they_are():
    with pytest.raises(ValueError, match="^as it was$"), explained("cpu"):
        raise ValueError("as it was")
