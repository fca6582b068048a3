"""A sweep that is killed or cut in whatever way ends with the bytes of an undisturbed one."""

import shlex
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from idem.checkpoint import Checkpoint
from stages.common import engine, resume, units
from stages.common.params.reading import Arguments
from stages.common.progress import Part
from stages.sweeps import sweep
from tests import ROOT, interrupted
from tests.interrupted import kill, saved_steps, saving_often
from tests.warm_python import begin

TINY = {"batch_size": 32, "optimizer": "adam"}
NETWORK = {"widths": [5, 6, 5], "learning_rates": [0.001, 0.01, 50.0], "log_every": 100}
OUTPUTS = ["sweep_T.csv", "sweep_T.json", "sweep_T_summary.csv"]
SO_FAR = "sweep_T_so_far.csv"


def write_params(folder: Path, steps: int, **changes: Any) -> None:
    """Write the parameters of the paper's pipeline with a tiny network beside the others."""
    place = "stages/pipelines/paper/params.yaml"
    whole = yaml.safe_load((ROOT / place).read_text())
    whole["sweep"] |= TINY | changes
    whole["sweep"]["networks"]["T"] = NETWORK | {"runs": 2, "steps": steps}
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / place).write_text(yaml.safe_dump(whole))


def run_here(folder: Path, **environment: str) -> int | str | None:
    return interrupted.run_here(sweep, arguments(), folder, **environment)


def arguments() -> list[str]:
    return ["T", "--params", "stages/pipelines/paper/params.yaml", "--metrics", "metrics"]


def outputs(folder: Path) -> dict[str, bytes]:
    found = (path for path in (folder / "metrics").iterdir() if path.is_file())
    return {path.name: path.read_bytes() for path in found}


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "metrics/units").iterdir())


STAGE = ["stages.sweeps.sweep", *arguments()]


def test_a_sweep_killed_again_and_again_ends_with_the_same_bytes(tmp_path: Path, warm: Path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        write_params(folder, steps=2000)  # enough to be killed in the midst on fast cores
    assert run_here(whole) == 0
    assert sorted(outputs(whole)) == OUTPUTS
    assert list((whole / ".ckpt").iterdir()) == []

    kill(begin(warm, STAGE, cut, saving_often()), cut)
    fake = cut / "dvc"  # and here stage and workers are left alone, behind a shell that stays
    fake.write_text("import subprocess, sys; subprocess.run(sys.argv[1], shell=True)")
    stage = f"{shlex.join([sys.executable, '-m', *STAGE])}; true"
    with psutil.Popen(
        [sys.executable, str(fake), stage],
        cwd=cut,
        env=saving_often(workers=2),
        stderr=subprocess.DEVNULL,
    ) as process:
        kill(process, cut, workers=2)
    assert not (cut / "metrics").exists()

    assert run_here(cut, IDEM_MINUTES="1e-5") == engine.OUT_OF_TIME
    assert list(outputs(cut)) == [SO_FAR]
    before = saved_steps(cut)
    assert run_here(cut, IDEM_MINUTES="1e-5") == engine.OUT_OF_TIME
    assert saved_steps(cut) > before
    assert run_here(cut) == 0
    assert outputs(cut) == outputs(whole)
    assert list((cut / ".ckpt").iterdir()) == []


def test_slices_however_short_come_to_an_end_with_the_same_bytes(tmp_path: Path, capsys):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        write_params(folder, steps=3)
    assert run_here(whole) == 0
    slices = [run_here(cut, IDEM_MINUTES="1e-5")]
    assert (
        "time is up: 0 of 4 units of sweep_T done; run it again to go on" in capsys.readouterr().out
    )
    rows = (cut / "metrics" / SO_FAR).read_text().splitlines()
    assert rows[0].startswith("rule,run,learning_rate,step,absolute_error")
    assert len(rows) == 1 + 3  # the first unit's first step
    while slices[-1] != 0:
        assert len(slices) < 30
        slices.append(run_here(cut, IDEM_MINUTES="1e-5"))
    assert set(slices[:-1]) == {engine.OUT_OF_TIME}
    assert outputs(cut) == outputs(whole)


def test_a_slice_that_ends_with_the_last_step_is_complete(tmp_path: Path, monkeypatch):
    write_params(tmp_path, steps=3)
    now = time.monotonic()
    monkeypatch.setattr(engine.time, "monotonic", lambda: now)
    monkeypatch.setattr(Checkpoint, "is_due", lambda self: False)
    monkeypatch.setattr(Checkpoint, "_is_over", lambda self: True)  # found at the last save alone
    assert run_here(tmp_path, IDEM_MINUTES="1") == 0
    assert sorted(outputs(tmp_path)) == OUTPUTS


@pytest.mark.parametrize("change", [{"seed": 1}, {"matmul_precision": "medium"}])
def test_a_changed_parameter_starts_afresh_and_the_old_one_goes_on(tmp_path: Path, change: dict):
    fresh, both = tmp_path / "fresh", tmp_path / "both"
    write_params(both, steps=9)
    assert run_here(both, IDEM_MINUTES="1e-5") == engine.OUT_OF_TIME
    old = list((both / ".ckpt").iterdir())
    for folder in (fresh, both):
        write_params(folder, steps=9, **change)
        assert run_here(folder) == 0
    assert outputs(both) == outputs(fresh)
    assert list((both / ".ckpt").iterdir()) == old


@pytest.fixture
def done(tmp_path: Path) -> Path:
    """Return a folder in which a sweep is done."""
    write_params(tmp_path, steps=9)
    assert run_here(tmp_path) == 0
    return tmp_path


def test_finished_units_are_taken_by_another_clone(done: Path, tmp_path: Path, monkeypatch, capsys):
    clone = tmp_path / "clone"
    write_params(clone, steps=9)
    shutil.copytree(done / "metrics/units", clone / "metrics/units")
    before = [path.stat().st_mtime_ns for path in kept(clone)]
    monkeypatch.setattr(sweep, "train_lanes", None)  # that computing one fails
    assert run_here(clone) == 0
    assert "sweep_T: 4 of 4 units are in metrics/units" in capsys.readouterr().out
    assert outputs(clone) == outputs(done)
    assert [path.stat().st_mtime_ns for path in kept(clone)] == before
    assert not (clone / ".ckpt").exists()


def test_what_is_missing_or_altered_is_computed_anew(done: Path, monkeypatch, capsys):
    before, (lost, altered, *_) = outputs(done), kept(done)
    lost.unlink()
    altered.write_bytes(altered.read_bytes()[:-9])
    computed = []
    train = sweep.train_lanes
    monkeypatch.setattr(sweep, "train_lanes", lambda *args: computed.append(0) or train(*args))
    assert run_here(done) == 0
    said = capsys.readouterr().out
    assert f"metrics/units/{altered.name}: expected a finished unit" in said
    assert "it is computed anew" in said and "2 of 4 units are in" in said
    assert len(computed) == 2 and outputs(done) == before
    assert units.read(altered).result and units.read(lost).result


def test_units_of_other_parameters_and_code_stay_and_are_not_taken(done: Path, monkeypatch, capsys):
    old = kept(done)
    write_params(done, steps=8)
    assert run_here(done) == 0
    assert "0 of 4 units are in" in capsys.readouterr().out
    assert len(kept(done)) == 8 and set(old) < set(kept(done))
    code = units._code((*sweep.MODULES,))
    monkeypatch.setattr(units, "_code", lambda _: code | {"idem/sweeps/lanes.py": "0" * 64})
    assert run_here(done) == 0
    assert "0 of 4 units are in" in capsys.readouterr().out


def test_a_unit_that_fails_leaves_the_others_finished(tmp_path: Path, monkeypatch):
    write_params(tmp_path, steps=3)
    train = sweep.train_lanes

    def fail(grid, unit, *rest):
        if unit.name == "modified_1_0":
            raise RuntimeError("a fault of this unit")
        return train(grid, unit, *rest)

    monkeypatch.setattr(sweep, "train_lanes", fail)
    with pytest.raises(RuntimeError, match="a fault of this unit"):
        run_here(tmp_path)
    assert len(kept(tmp_path)) == 3 and not outputs(tmp_path)
    monkeypatch.setattr(sweep, "train_lanes", train)
    assert run_here(tmp_path) == 0


def test_units_that_are_tried_for_a_while_go_on_from_there_to_the_same_bytes(
    tmp_path: Path, monkeypatch
):
    whole, tried = tmp_path / "whole", tmp_path / "tried"
    for folder in (whole, tried):
        write_params(folder, steps=200)
    assert run_here(whole) == 0
    found = []

    def at_once(trial, count: int) -> int:
        found.extend([trial(1), saved_steps(tried), trial(count), trial(count + 1)])
        return 1

    monkeypatch.setattr(resume, "at_once_by", at_once)
    monkeypatch.setattr(resume, "TRIAL", 0.01)
    monkeypatch.setattr(resume, "run_units", partial(one_after_another, resume.run_units))
    assert run_here(tried) == 0
    alone, steps, together, too_many = found
    assert alone > 0 and 0 < steps < 200 and together > 0 and too_many == 0
    assert outputs(tried) == outputs(whole)


def one_after_another(run_units, *units, at_once, **others) -> list:
    return run_units(*units, at_once=1, **others)


def test_a_unit_that_fails_while_it_is_tried_says_nothing_for_side_by_side(tmp_path: Path):
    def fails(_: Checkpoint) -> None:
        raise MemoryError

    identity = units.identity_of("made up", 1, sweep.MODULES)
    task = (fails, (), identity, resume.Time(None, 60.0), False)
    part = Part(1.0, 1, Checkpoint(tmp_path / "nothing"))
    assert resume._for_a_while(task, part, 1.0) == (None, 0.0)


def test_a_full_disk_is_one_line_and_loses_nothing(done: Path, monkeypatch):
    before, (lost, *others) = {path: path.read_bytes() for path in kept(done)}, kept(done)
    lost.unlink()

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(units, "write_bytes", full)
        said = str(run_here(done))
    assert "No space left on device" in said and lost.name in said and "make room" in said
    assert {path: path.read_bytes() for path in kept(done)} == {p: before[p] for p in others}
    assert run_here(done) == 0
    assert units.read(lost).result


def test_the_laptop_keeps_no_units(tmp_path: Path):
    assert Arguments(params=Path("params.yaml"), metrics=tmp_path).units is None
    away = Path("stages/pipelines/study/params.yaml")
    assert Arguments(params=away, metrics=tmp_path).units == tmp_path / "units"


def test_other_parameters_and_other_code_have_a_file_of_their_own(monkeypatch: pytest.MonkeyPatch):
    def file(key: Any, *modules: str) -> Path:
        units._code.cache_clear()
        units.sha256_of_code.cache_clear()
        return resume.place_of(units.identity_of("label", key, modules))

    one = file([1], "idem.sweeps.sweep")
    assert one == file([1], "idem.sweeps.sweep") != file([2], "idem.sweeps.sweep")
    assert one != file([1], "idem.sweeps.mlp") and one != file(
        [1], "idem.sweeps.sweep", "idem.theory.ansatz"
    )
    assert one.parent == resume.FOLDER and one.name.startswith("label_")
    sources = {}
    monkeypatch.setattr(Path, "read_text", lambda path, encoding: sources.get(path.name, ""))
    same = file([1], "idem.sweeps.sweep")
    for name, matters in (("lanes.py", True), ("corrector.py", True), ("projection.py", False)):
        sources[name] = "# A comment.\n"
        assert file([1], "idem.sweeps.sweep") == same, name
        sources[name] = "changed = True\n"
        assert (file([1], "idem.sweeps.sweep") != same) == matters, name
        sources.clear()
    units._code.cache_clear()  # of what is no code
    units.sha256_of_code.cache_clear()


def test_another_kind_of_device_has_a_file_of_its_own(monkeypatch: pytest.MonkeyPatch):
    files = {}
    for name in ("cpu", "cpu:0", "meta"):
        monkeypatch.setenv("IDEM_DEVICE", name)
        files[name] = resume.place_of(units.identity_of("label", [1], ["idem.sweeps.sweep"]))
    assert files["cpu"] == files["cpu:0"] != files["meta"]


@pytest.mark.parametrize("given", ["0", "-1", "two", "nan", "inf"])
def test_a_wrong_time_is_one_clear_line_and_writes_nothing(tmp_path: Path, given: str):
    write_params(tmp_path, steps=3)
    message = f"expected a positive number of minutes, got {given!r}"
    assert run_here(tmp_path, IDEM_MINUTES=given) == f"IDEM_MINUTES: {message}"
    message = f"expected a positive number of seconds, got {given!r}"
    assert (
        run_here(tmp_path, IDEM_CHECKPOINT_SECONDS=given) == f"IDEM_CHECKPOINT_SECONDS: {message}"
    )
    assert not (tmp_path / "metrics").exists() and not (tmp_path / ".ckpt").exists()


def test_without_a_setting_there_is_no_deadline(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("IDEM_MINUTES", raising=False)
    assert engine.deadline() is None
    monkeypatch.setenv("IDEM_MINUTES", "0.5")
    assert engine.deadline() == pytest.approx(time.monotonic() + 30, abs=5)
