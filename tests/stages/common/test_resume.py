"""A sweep that is killed or cut in whatever way ends with the bytes of an undisturbed one."""

import shlex
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from idem.checkpoint import Checkpoint
from stages.common import engine, resume
from stages.sweeps import sweep
from tests import interrupted
from tests.interrupted import kill, saved_steps

TINY: dict[str, Any] = {
    "seed": 0,
    "batch_size": 32,
    "negative_slope": 0.2,
    "initialization": "default",
    "optimizer": "adam",
    "matmul_precision": "highest",
    "memory_megabytes": 64,
    "diverged_above": 1.0e3,
}
NETWORK = {"widths": [5, 6, 5], "learning_rates": [0.001, 0.01, 50.0], "log_every": 100}
OUTPUTS = ["sweep_T.csv", "sweep_T.json", "sweep_T_summary.csv"]
SO_FAR = "sweep_T_so_far.csv"


def write_params(folder: Path, steps: int, **changes: Any) -> None:
    """Write a parameter file that has the sections of the paper's pipeline alone."""
    section = TINY | changes | {"networks": {"T": NETWORK | {"runs": 2, "steps": steps}}}
    (folder / "stages/pipelines/paper").mkdir(parents=True, exist_ok=True)
    variant = {"network": "T", "learning_rates": [0.01], "runs": 1, "steps": 1, "log_every": 1}
    whole = {"sweep": section, "variants": {"T_again": variant}}
    (folder / "stages/pipelines/paper/params.yaml").write_text(yaml.safe_dump(whole))


def run_here(folder: Path, **environment: str) -> int | str | None:
    return interrupted.run_here(sweep, arguments(), folder, **environment)


def arguments() -> list[str]:
    return ["T", "--params", "stages/pipelines/paper/params.yaml", "--metrics", "metrics"]


def outputs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "metrics").iterdir()}


STAGE = [sys.executable, "-m", "stages.sweeps.sweep", *arguments()]


def test_a_sweep_killed_again_and_again_ends_with_the_same_bytes(tmp_path: Path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        write_params(folder, steps=1000)
    assert run_here(whole) == 0
    assert sorted(outputs(whole)) == OUTPUTS
    assert list((whole / ".ckpt").iterdir()) == []

    kill(STAGE, cut, workers=1)
    kill(STAGE, cut, workers=2)  # the workers are left alone
    fake = cut / "dvc"  # and here the stage too, behind a shell that stays
    fake.write_text("import subprocess, sys; subprocess.run(sys.argv[1], shell=True)")
    kill([sys.executable, str(fake), f"{shlex.join(STAGE)}; true"], cut, workers=2)
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
    assert "time is up: 0 of 4 units done; run it again to go on" in capsys.readouterr().out
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


def test_other_parameters_and_other_code_have_a_file_of_their_own(monkeypatch: pytest.MonkeyPatch):
    def file(key: Any, *modules: str) -> Path:
        return resume.file_of(resume.Unit("label", key, ()), modules)

    one = file([1], "idem.sweeps.sweep")
    assert one == file([1], "idem.sweeps.sweep") != file([2], "idem.sweeps.sweep")
    assert one != file([1], "idem.sweeps.mlp") and one != file(
        [1], "idem.sweeps.sweep", "idem.theory.ansatz"
    )
    assert one.parent == resume.FOLDER and one.name.startswith("label_")
    sources = {}
    monkeypatch.setattr(Path, "read_bytes", lambda path: sources.get(path.name, b""))
    same = file([1], "idem.sweeps.sweep")
    for name, matters in (("lanes.py", True), ("corrector.py", True), ("projection.py", False)):
        sources[name] = b"changed"
        assert (file([1], "idem.sweeps.sweep") != same) == matters, name
        sources.clear()


def test_another_kind_of_device_has_a_file_of_its_own(monkeypatch: pytest.MonkeyPatch):
    files = {}
    for name in ("cpu", "cpu:0", "meta"):
        monkeypatch.setenv("IDEM_DEVICE", name)
        files[name] = resume.file_of(resume.Unit("label", [1], ()), ["idem.sweeps.sweep"])
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
