"""What is computed again is of every kind; what differs, or that nothing was compared, is told."""

from collections.abc import Mapping

import pytest

from stages import recheck
from stages.travel.inventory import Work
from tests.stages.travel.conftest import finish, finished as finished, status, works as works


def test_units_that_come_out_the_same_are_counted(works, capsys: pytest.CaptureFixture[str]):
    assert status(recheck, "paper") == 0
    said = capsys.readouterr().out
    assert said.count(": equal to the last bit\n") == len(works)
    assert said.endswith(f"\n{len(works)} units equal to the last bit\n")


def test_one_that_differs_is_named(works, capsys: pytest.CaptureFixture[str]):
    name, work = next(iter(works.items()))
    finish(work, result=[{"step": 0, "learning_rate": 0.5}])
    assert status(recheck, "paper") == 1
    said = capsys.readouterr().out
    assert f"{name}: DIFFERENT: {name}: computed again here" in said
    assert "; 1 units DIFFERENT" in said or said.splitlines()[-1].startswith("1 units DIFFERENT")


def test_of_another_machine_only_the_first_steps_count(works, capsys):
    for name, work in works.items():
        if name.startswith("sweep"):
            finish(work, cpu="another chip")
    assert status(recheck, "paper", "--only", "sweep*") == 0
    assert recheck.EARLY in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "none_such*"], "no such units"),
        (["--within", "-1"], "units slower than --within"),
        (["--reaching", "idem/no/such.py"], "no such units"),
    ],
)
@pytest.mark.usefixtures("works")
def test_that_nothing_was_compared_is_no_success(arguments: list[str], said: str, capsys):
    stopped = status(recheck, "paper", *arguments)
    assert str(stopped).startswith("nothing was compared; ")
    assert said in capsys.readouterr().out


def test_units_of_other_code_are_not_taken_for_checked(works: Mapping[str, Work], monkeypatch):
    stale = {n: w._replace(identity=w.identity.__class__("x", 0, {})) for n, w in works.items()}
    monkeypatch.setattr(recheck, "inventory", lambda _: stale)
    assert str(status(recheck, "paper")).startswith("nothing was compared; a file of code that has")


def test_what_needs_weights_that_are_not_here_is_not_compared(works, capsys):
    def lost(*_: object) -> None:
        raise FileNotFoundError("weights.safetensors: not there")

    missing = {name: work._replace(function=lost) for name, work in works.items()}
    found = recheck.recheck("paper", missing, 1, 60, 0)
    assert found == {
        "in need of what is not here: weights.safetensors: not there": len(works),
    }


def test_only_what_a_file_decides_is_computed(works: Mapping[str, Work], capsys):
    file = "stages/landscape/centred.py"
    reaching = [name for name, work in works.items() if file in work.identity.code]
    assert 0 < len(reaching) < len(works)
    assert status(recheck, "paper", "--reaching", file) == 0
    assert {line.partition(":")[0] for line in capsys.readouterr().out.splitlines()[:-1]} == set(
        reaching
    )


def test_every_kind_has_its_turn():
    works = dict.fromkeys(["a_1", "a_2", "a_3", "b_1", "c_x_1"])
    order = [name for name, _ in recheck.in_turn(works, 0)]  # pyright: ignore[reportArgumentType]
    assert sorted(order) == sorted(works)
    assert {name[0] for name in order[:3]} == {"a", "b", "c"}
    assert order == [name for name, _ in recheck.in_turn(works, 0)]  # pyright: ignore
