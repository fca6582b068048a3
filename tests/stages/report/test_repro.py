import sys

import pytest

from stages.report import repro

FAKE_DVC = (
    "import time; print(\"Running stage 'a':\"); time.sleep(0.2); print(\"Running stage 'b':\")"
)


def test_seconds_are_kept_by_stage(capfd: pytest.CaptureFixture[str]):
    seconds = repro.run([sys.executable, "-c", FAKE_DVC])
    assert list(seconds) == ["a", "b"]
    assert seconds["a"] >= 0.2


def test_a_failed_run_names_its_stage_and_how_to_go_back():
    with pytest.raises(SystemExit) as stopped:
        repro.run([sys.executable, "-c", FAKE_DVC + "; raise SystemExit(3)"])
    assert "failed at stage 'b'" in str(stopped.value)
    assert "git restore metrics" in str(stopped.value)
