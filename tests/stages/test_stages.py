"""The stages' own logic; what they call is tested beside the module it stands in."""

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.common import engine, files, params
from stages.linear import plane
from stages.report import compare, readme, repro
from stages.sweeps import aggregate, sweep
from tests import ROOT
from tests.stages.sweeps.test_aggregate import lanes_of


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[Callable[[dict], Any]], Path]:
    """Return a function that writes the committed params.yaml with one change."""

    def write(change: Callable[[dict], Any]) -> Path:
        content = yaml.safe_load((ROOT / "params.yaml").read_text())
        change(content)
        path = tmp_path / "params.yaml"
        path.write_text(yaml.safe_dump(content))
        return path

    return write


def test_the_committed_parameters_are_valid():
    assert set(params.read(ROOT / "params.yaml").sweep.networks) >= {"B1", "B2", "B3", "B4"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda p: p["sweep"].update(batch_size="many"),
            "sweep.batch_size: expected a valid integer, got 'many'",
        ),
        (
            lambda p: p["sweep"].update(batch_size=0),
            "sweep.batch_size: expected greater than or equal to 1, got 0",
        ),
        (
            lambda p: p["sweep"].update(batchsize=3),
            "sweep.batchsize: unknown key, got 3; remove it or check its spelling",
        ),
        (lambda p: p["sweep"].pop("seed"), "sweep.seed: missing; expected a value here"),
        (
            lambda p: p["sweep"]["networks"]["B1"].update(learning_rates=[0.1, -1.0]),
            "sweep.networks.B1.learning_rates.1: expected greater than 0, got -1.0",
        ),
        (
            lambda p: p["sweep"]["networks"]["B1"].update(widths=[5, 4]),
            "sweep.networks.B1.widths: expected a last width equal to the first",
        ),
        (
            lambda p: p["plot"].update(figure_4=["B7"]),
            "expected every network of plot among sweep.networks (B1, B2, B3, B4), got 'B7'",
        ),
        (
            lambda p: p["score"].update(batch_size=400),
            "expected evaluate.samples divisible by score.batch_size, as BatchNorm needs batches "
            "of one size, got 1000 and 400",
        ),
        (
            lambda p: p["train"]["choose"].update(samples=501),
            "expected train.choose.samples divisible by score.batch_size",
        ),
        (
            lambda p: p["sweep"].update(initialization="zeros"),
            "sweep.initialization: expected 'default', 'kaiming_normal' or 'orthogonal', got",
        ),
        (
            lambda p: p["linear"].update(bailout=2.0),
            "linear.figure_gammas: expected values of 0.266667 or more, as bailout is too small",
        ),
        (
            lambda p: p["linear"].update(plane_width=1201),
            "linear.plane_width: expected a multiple of 2, got 1201",
        ),
    ],
)
def test_a_wrong_parameter_is_named_with_what_was_expected(changed, change, message: str):
    path = changed(change)
    with pytest.raises(SystemExit) as stopped:
        params.read(path)
    assert f"{path}: {message}" in str(stopped.value)


def test_every_wrong_parameter_is_listed_at_once(changed):
    path = changed(lambda p: (p["sweep"].update(seed=-1), p["derive"].update(max_degree=99)))
    with pytest.raises(SystemExit) as stopped:
        params.read(path)
    assert len(str(stopped.value).splitlines()) == 2


def test_a_file_that_is_missing_or_no_yaml_is_named(tmp_path: Path):
    with pytest.raises(SystemExit, match="params.yaml: no such file; run from the top"):
        params.read(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("a: [")
    with pytest.raises(SystemExit, match="params.yaml: not valid YAML"):
        params.read(tmp_path / "params.yaml")


def test_a_wrong_parameter_stops_a_stage_before_it_writes(changed, tmp_path: Path):
    path = changed(lambda p: p["sweep"].update(batch_size="many"))
    command = [sys.executable, "-m", "stages.sweeps.sweep", "B1", "--params", str(path)]
    result = subprocess.run(
        [*command, "--metrics", str(tmp_path / "out")], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 1
    assert "sweep.batch_size" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()


def test_an_unknown_name_is_answered_with_the_valid_ones():
    with pytest.raises(SystemExit, match="unknown network 'B5': expected one of B1, B2"):
        params.choose({"B1": 1, "B2": 2}, "B5", "network")


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


def test_json_is_stable_and_has_no_nan(tmp_path: Path):
    path = tmp_path / "new" / "a.json"
    files.write_json(path, {"a": math.nan, "b": [1 / 3, 2, True, "x"], "c": math.inf})
    expected = {"a": None, "b": [0.333333, 2, True, "x"], "c": None}
    assert json.loads(path.read_text()) == expected
    assert list(path.parent.iterdir()) == [path]


def test_arrays_are_written_with_the_same_bytes_at_any_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    arrays = {"a": np.arange(6, dtype=np.int16).reshape(2, 3), "b": np.array([0.5])}
    first, second = tmp_path / "new" / "a.npz", tmp_path / "b.npz"
    files.write_npz(first, arrays)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    files.write_npz(second, arrays)
    assert first.read_bytes() == second.read_bytes()
    assert list(first.parent.iterdir()) == [first]
    with np.load(first, allow_pickle=False) as found:
        assert {name: values.tolist() for name, values in found.items()} == {
            "a": [[0, 1, 2], [3, 4, 5]],
            "b": [0.5],
        }


@pytest.fixture
def small_planes() -> params.Linear:
    section = params.read(ROOT / "params.yaml").linear
    return section.model_copy(update={"plane_width": 60, "plane_height": 40})


def test_the_planes_of_figure_2_are_decided_and_counted_by_step_size(small_planes: params.Linear):
    planes = plane.quarter_plane(small_planes)
    assert planes["codes"].shape == (len(planes["gammas"]), 20, 30)
    shares = plane.plane_shares(small_planes, planes)
    assert {"gamma_0.25", "gamma_1"} <= set(shares)
    for share in shares.values():
        parts = (share[name] for name in ("to_one", "to_zero", "escaping", "undecided"))
        assert sum(parts) == pytest.approx(1)
        assert share["undecided"] == 0 <= share["undecided_after_paper_iterations"] < 0.1
        assert share["to_one"] > share["to_zero"]


@pytest.mark.parametrize("gamma", [0.05, 0.25, 0.5, 1.0, 1.5, 1.9])
def test_the_real_ends_reported_are_exact_to_1e_12(small_planes: params.Linear, gamma: float):
    assert plane.real_ends(small_planes, gamma)["log10_error"] < -12


def test_figure_1_has_the_ends_of_the_basins_on_its_curve(small_planes: params.Linear):
    table = plane.scalar_map(small_planes).groupby("kind")
    assert table.get_group("immediate")["image"].to_numpy() == pytest.approx([0.5, 0.5])
    ends = table.get_group("escape")
    assert ends["image"].to_numpy() == pytest.approx(ends["lambda"].to_numpy()[::-1])


def test_the_headline_takes_the_lowest_of_equally_good_rates():
    rows = pd.DataFrame(
        lanes_of("modified", {0.1: [0.5], 0.2: [1e-9], 0.3: [0.0]})
        + lanes_of("ordinary", {0.1: [math.inf], 0.2: [2.0]})
    )
    grid = sweep.Grid([5, 5], [0.1, 0.2, 0.3], runs=1, steps=9, batch_size=3, log_every=9)
    numbers = sweep.headline(grid, aggregate.last_rows(rows))
    assert numbers["modified"]["best_rate"] == 0.2
    assert numbers["modified"]["log10_error_at_best_rate"] == -8
    assert numbers["ordinary"]["highest_improving_rate"] is None
    assert numbers["ordinary"]["diverged_lanes"] == 1


def test_a_sweep_without_survivors_has_a_table_and_a_headline():
    rows = pd.DataFrame(lanes_of("modified", {0.1: [math.inf]}))
    grid = sweep.Grid([5, 5], [0.1], runs=1, steps=9, batch_size=3, log_every=9)
    numbers = sweep.headline(grid, aggregate.last_rows(rows))
    assert numbers["modified"]["log10_error_at_best_rate"] == math.inf  # null in JSON
    assert numbers["modified"]["improved_share"] == 0


TOLERANCES = [
    {"match": "a.json:x.*", "relative": 0.1},
    {"match": "a.json:*.noise", "any": True},
    {"match": "a.json:y", "absolute": 0.5},
]


@pytest.mark.parametrize(
    ("committed", "found", "differs"),
    [
        ({"x": {"u": 1.0}}, {"x": {"u": 1.05}}, False),
        ({"x": {"u": 1.0}}, {"x": {"u": 1.2}}, True),
        ({"y": 0}, {"y": 0.4}, False),
        ({"z": 1.0}, {"z": 1.0000001}, True),
        ({"z": {"noise": 1.0}}, {"z": {"noise": 7}}, False),
        ({"z": {"noise": 1.0}}, {"z": {"noise": None}}, False),
        ({"z": {"noise": 1.0}}, {"z": {"noise": "x"}}, True),
        ({"z": "holds"}, {"z": "does not hold"}, True),
        ({"x": {"u": 1.0}}, {}, True),
        ({}, {"new": 1.0}, True),
        ({"z": [1, 2]}, {"z": [1, 3]}, True),
    ],
)
def test_a_number_may_be_as_far_off_as_its_tolerance(committed: dict, found: dict, differs: bool):
    differences = compare.compare(
        "a.json", compare.flatten(committed), compare.flatten(found), TOLERANCES
    )
    assert bool(differences) == differs


def test_a_difference_names_file_key_and_values():
    (difference,) = compare.compare("a.json", {"z": 1.0}, {"z": 2.0}, TOLERANCES)
    assert str(difference) == "a.json: z: committed 1.0, found 2.0 (tolerance none)"


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


@pytest.mark.parametrize(
    "stage",
    [
        "common.check",
        "data.fetch",
        "data.prepare",
        "data.prepare_celeba",
        "theory.derive",
        "claims.laptop",
        "report.compare",
        "figures.plot",
    ],
)
def test_stages_that_need_no_torch_do_not_import_it(stage: str):
    code = f"import sys, stages.{stage}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_every_committed_metric_equals_itself():
    tolerances = yaml.safe_load((ROOT / compare.TOLERANCES).read_text())
    for file in sorted((ROOT / compare.METRICS).glob("*.json")):
        numbers = compare.flatten(json.loads(file.read_text()))
        assert not compare.compare(file.name, numbers, numbers, tolerances)


def test_the_readme_shows_the_table_of_claims_of_this_commit():
    committed = compare.git("show", "HEAD:README.md")
    table = compare.git("show", f"HEAD:{readme.TABLE}")
    block = readme.BLOCK.search(committed)
    assert block is not None
    assert block[2] == table
