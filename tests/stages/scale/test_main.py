"""The page on larger machines, of made-up rates and units."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from idem.data.celeba import SPLITS
from stages.common import units
from stages.scale import __main__ as scale
from stages.scale.simulation import LIMITS_AND_TAIL
from tests import ROOT

RATES = {"dispatch": 0.005, "dispatch_running": 1e-5, "written": 0.005, "wire": 1e8, "disk": 1e9}
STEP = {"modified": 0.5, "ordinary": 0.6, "ign": 0.7, "none": 0.3}
MEASURED = {
    "cpu": "a made-up processor",
    "rates": RATES,
    "operations_per_second": dict.fromkeys(["B1", "B2", "B3", "B4"], 1e10),
    "generation": {"seconds_per_step": STEP, "checkpoint": 3e7, "bytes_per_image": 12288},
}


def unit(seconds: float, rule: str = "modified") -> units.Finished:
    """Return a finished unit of B1."""
    shared = {"widths": [5, 5], "steps": 2500, "batch_size": 1000, "log_every": 100}
    identity = units.Identity("made up", [shared, rule, 0, [0.1, 0.2], "highest"], {})
    return units.Finished(identity, units.Provenance({}, "cpu", "", seconds, ""), [])


FINISHED = [unit(s) for s in (1.0, 2.0, 4.0)] + [unit(s, "ordinary") for s in (3.0, 6.0, 12.0)]


@pytest.fixture(autouse=True)
def _small_at_the_top(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(scale, "HUNDREDFOLD", 2)
    monkeypatch.setattr(scale, "MOST", 64)


def test_the_authors_grid_is_theirs():
    grids = scale.authors_grids()
    assert set(grids) == {"B1", "B2", "B3", "B4"}
    for grid in grids.values():
        assert (len(grid.rates("modified")), grid.runs, grid.steps) == (20, 10, 2500)


def test_units_are_apart_as_finished_ones_are_from_the_median_of_their_kind():
    assert sorted(scale.spread(FINISHED)) == [0.5, 0.5, 1.0, 1.0, 2.0, 2.0]


@pytest.mark.parametrize(
    "key", [[{"seed": 0}, {"run": 0}], [{"widths": [5, 5]}, 0, {"steps": 9}, [0.1], "highest"]]
)
def test_units_of_other_kinds_are_no_lanes(key: list):
    assert scale.of_lanes(FINISHED[0])
    assert not scale.of_lanes(
        replace(FINISHED[0], identity=units.Identity("another kind", key, {}))
    )


def test_lanes_of_every_kind_that_is_committed_are_read():
    paths = sorted((ROOT / "metrics/paper/units").glob(f"*{units.SUFFIX}"))
    first = {re.split(r"_\d", path.name)[0]: path for path in paths}
    lanes = [unit for unit in map(units.read, first.values()) if scale.of_lanes(unit)]
    assert 0 < len(lanes) < len(first)
    assert np.isfinite(scale.spread(lanes)).all()


def test_the_speed_of_a_network_is_the_one_measured_whatever_finished_units_took():
    grids = scale.authors_grids()
    operations = sum(g.operations(len(u.learning_rates)) for g in grids.values() for u in g.units())
    for seconds in (1.0, 100.0):
        found = scale.sweep(grids, MEASURED, [unit(seconds)], 1)
        assert sum(found.seconds) == pytest.approx(operations / 1e10)


def test_a_hundred_times_the_runs_are_a_hundred_times_the_work():
    often, once = (
        scale.sweep(scale.authors_grids(), MEASURED, [unit(1.0)], times) for times in (100, 1)
    )
    assert len(often.seconds) == 100 * len(once.seconds)
    assert sum(often.seconds) == pytest.approx(100 * sum(once.seconds))
    assert list(once.seconds) == sorted(once.seconds, reverse=True)
    assert often.checkpoint == once.checkpoint


def test_a_training_takes_as_many_passes_whatever_the_data():
    few, many = (scale.training(MEASURED["generation"], count) for count in (1000, 5000))
    assert np.allclose(np.array(many.seconds), 5 * np.array(few.seconds))
    assert many.data == 5 * few.data


def test_the_page_has_every_scenario_and_limit_and_fits_half_a_page():
    page = scale.page(MEASURED, FINISHED, 6000.0)
    assert page.count("| the authors' grid |") == page.count("| all of CelebA |") == 2
    assert all(f"{name}: {reason}" in page for name, reason in LIMITS_AND_TAIL.items())
    assert "a made-up processor" in page
    data = f"{len(SPLITS['train']) * 12288 / 1e9:.3g} GB"
    assert data in page
    prose = [line for line in page.splitlines() if not line.startswith("|")]
    assert len(" ".join(prose).split()) < 330


def test_a_slower_machine_shows_in_the_page():
    slower = MEASURED | {"rates": RATES | {"dispatch": 5.0}}
    assert scale.page(slower, FINISHED, 6000.0) != scale.page(MEASURED, FINISHED, 6000.0)


def test_the_committed_page_is_of_the_committed_rates():
    page = (ROOT / "metrics/benchmarks/scale.md").read_text()
    measured = json.loads((ROOT / "metrics/benchmarks/scale.json").read_text())
    assert measured["cpu"] in page
    assert f"{1e3 * measured['rates']['written']:.2g} ms" in page


def test_lanes_that_left_early_are_no_measure_of_time(monkeypatch, tmp_path: Path):
    rows = [{"diverged": False}, {"diverged": True}]
    for name, result in (("whole", rows[:1]), ("left", rows)):
        found = replace(unit(1.0), result=result)
        identity = replace(found.identity, label=name)
        units.write(tmp_path, identity, result, found.provenance)
    seen = []
    monkeypatch.setattr(scale, "UNITS", tmp_path)
    monkeypatch.setattr(scale, "write_text", lambda *_: None)
    monkeypatch.setattr(scale, "page", lambda _, finished, __: seen.extend(finished))
    scale.main()
    assert [found.identity.label for found in seen] == ["whole"]


def test_without_finished_units_it_says_what_is_missing(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(scale, "UNITS", tmp_path)
    with pytest.raises(SystemExit, match=re.escape(f"{tmp_path}: expected finished lanes")):
        scale.main()
