"""The bar counts what is finished and what has begun; the estimate follows from its speed."""

from pathlib import Path

import pytest

from idem.checkpoint import Checkpoint
from stages.common import progress
from stages.common.progress import Part, Progress, duration
from tests.interrupted import wait_for


def part(folder: Path, name: str, cost: float = 1.0) -> Part:
    return Part(cost, 100, Checkpoint(folder / name))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_what_is_left_follows_from_what_was_done(tmp_path: Path, clock: list[float]):
    parts = [part(tmp_path, "a", 1.0), part(tmp_path, "b", 3.0)]
    with Progress("sweep", parts, rest=12.0) as bar:
        assert bar.estimate() is None
        clock[0] += 300
        bar.finish(0)
        assert bar.estimate() == "sweep: about 15 minutes to go; 75 minutes with the other stages"
        parts[1].checkpoint.save({}, {"step": 50})
        bar._look()
        assert bar.estimate() == "sweep: about 3 minutes to go; 27 minutes with the other stages"


def test_what_had_begun_before_does_not_count_as_speed(tmp_path: Path, clock: list[float]):
    begun = part(tmp_path, "a")
    begun.checkpoint.save({}, {"step": 80})
    with Progress("sweep", [begun]) as bar:
        clock[0] += 60
        assert bar.estimate() is None
        begun.checkpoint.save({}, {"step": 90})
        bar._look()
        assert bar.estimate() == "sweep: about 60 seconds to go"


def test_a_step_beyond_the_last_is_not_done_before_its_result_is_there(tmp_path: Path):
    whole = part(tmp_path, "a")
    whole.checkpoint.save({}, {"step": 101})
    with Progress("sweep", [whole]) as bar:
        assert bar._cost_done() == 0.99
        bar.finish(0)
        assert bar._cost_done() == 1


def test_the_estimate_is_told_once_after_a_minute(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(progress, "FIRST", 0.1)
    monkeypatch.setattr(progress, "_EVERY", 0.01)
    begun = part(tmp_path, "a")
    with Progress("sweep", [begun]) as bar:
        begun.checkpoint.save({}, {"step": 50})
        wait_for(lambda: "to go" in capsys.readouterr().out)
        looked = bar._bar.n
        begun.checkpoint.save({}, {"step": 60})
        wait_for(lambda: bar._bar.n > looked)
    assert looked == 0.5 and "to go" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (59.6, "60 seconds"),
        (150, "2 minutes"),
        (5400, "90 minutes"),
        (4e5, "5 days"),
        (9e3, "2 hours"),
    ],
)
def test_durations_are_words(seconds: float, words: str):
    assert duration(seconds) == words
