import sys

import pytest

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


@pytest.mark.parametrize("count", ["1", "2"])
def test_a_unit_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch, capsys, count: str):
    monkeypatch.setenv("IDEM_WORKERS", count)
    arrived = {}
    with pytest.raises(ZeroDivisionError) as failed:
        units = [(7, 0), (9, 4), (7, 0), (8, 3)]
        engine.run_units(divmod, units, arrived=arrived.__setitem__)
    assert arrived == {1: (2, 1), 3: (2, 2)}
    assert "function(*unit)" in failed.value.__notes__[0]
    assert "ZeroDivisionError" in capsys.readouterr().err  # the other one's


@pytest.mark.parametrize("count", ["1", "2"])
def test_what_a_unit_stops_with_is_not_lost(monkeypatch: pytest.MonkeyPatch, count: str):
    monkeypatch.setenv("IDEM_WORKERS", count)
    with pytest.raises(SystemExit) as stopped:
        engine.run_units(sys.exit, [("expected less",)])
    assert stopped.value.code == "expected less"
