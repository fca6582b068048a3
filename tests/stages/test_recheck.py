"""What is computed again is drawn from every kind, and one that differs is told."""

from collections.abc import Mapping

import pytest

from stages import recheck
from stages.travel.inventory import Work
from tests.stages.travel.conftest import finish, finished as finished, works as works


@pytest.fixture(autouse=True)
def _own(works: Mapping[str, Work], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(recheck, "inventory", lambda _: works)


def test_units_that_come_out_the_same_are_counted(works, capsys: pytest.CaptureFixture[str]):
    assert recheck.recheck("paper", 1, "*", 60, 0)
    said = capsys.readouterr().out
    assert said.count("equal to the last bit") == len(works)
    assert said.endswith(f"{len(works)} units computed again: all the same\n")


def test_one_that_differs_is_named(works, capsys: pytest.CaptureFixture[str]):
    name, work = next(iter(works.items()))
    finish(work, result=[{"step": 0, "learning_rate": 0.5}])
    assert not recheck.recheck("paper", 1, "*", 60, 0)
    said = capsys.readouterr().out
    assert f"{name}: DIFFERS: {name}: computed again here" in said
    assert "not all the same" in said


@pytest.mark.parametrize(("only", "within"), [("none_such*", 60), ("*", -1)])
def test_only_what_was_asked_for_is_computed(only: str, within: float, capsys):
    assert recheck.recheck("paper", 1, only, within, 0)
    assert capsys.readouterr().out == "0 units computed again: all the same\n"


def test_every_kind_has_its_turn():
    works = dict.fromkeys(["a_1", "a_2", "a_3", "b_1", "c_x_1"])
    order = [name for name, _ in recheck.drawn(works, 0)]  # pyright: ignore[reportArgumentType]
    assert sorted(order) == sorted(works)
    assert {name[0] for name in order[:3]} == {"a", "b", "c"}
    assert order == [name for name, _ in recheck.drawn(works, 0)]  # pyright: ignore
