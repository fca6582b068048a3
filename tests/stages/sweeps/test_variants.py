"""Stage variants: which grids it trains, and what it says of the batch size."""

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.common import engine, params
from stages.sweeps import variants
from stages.sweeps.aggregate import student_interval
from tests import ROOT

GRID = {"network": "B1", "learning_rates": [0.1, 500.0], "runs": 2, "steps": 5, "log_every": 5}
TINY: dict[str, dict[str, Any]] = {
    "small": GRID | {"batch_size": 8},
    "large": GRID | {"batch_size": 64},
    "adam": GRID | {"batch_size": 8, "optimizer": "adam"},
    "normal": GRID | {"batch_size": 8, "initialization": "kaiming_normal"},
}


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[dict], Path]:
    """Return a function that writes the committed params.yaml with these variants."""

    def write(content: dict) -> Path:
        whole = yaml.safe_load((ROOT / "params.yaml").read_text()) | {"variants": content}
        path = tmp_path / "params.yaml"
        path.write_text(yaml.safe_dump(whole))
        return path

    return write


def lanes_of(errors: dict[tuple[int, float], list[float]], **label: str) -> pd.DataFrame:
    """Return the lanes of one network under one rule: by batch size and rate, an error a run."""
    settings = {"network": "B2", "optimizer": "sgd", "initialization": "default"}
    rows = [
        {"batch_size": size, "learning_rate": rate, "run": run, "absolute_error": error}
        for (size, rate), of_runs in errors.items()
        for run, error in enumerate(of_runs)
    ]
    lanes = pd.DataFrame(rows).assign(rule="modified", **(settings | label))
    lanes["diverged"] = lanes.absolute_error == math.inf
    measured = ["relative_error", "output_spread", "jacobian_rank", "jacobian_trace"]
    measured += ["update_norm", "first_update_norm"]
    return lanes.assign(step=5, improved=True, **dict.fromkeys(measured, 0.0))


def sizes_of(lanes: pd.DataFrame) -> dict[str, Any]:
    return variants.batch_sizes(lanes)["B2"]["modified"]


def test_a_variant_is_the_sweep_but_for_what_it_says(changed):
    settings = params.read(changed(TINY), params.Swept)
    small, adam = (variants.grid(settings.sweep, settings.variants[n]) for n in ("small", "adam"))
    assert (small.batch_size, small.optimizer, small.initialization) == (8, "sgd", "default")
    assert (adam.batch_size, adam.optimizer) == (8, "adam")
    assert list(small.widths) == settings.sweep.networks["B1"].widths
    assert small.seed == settings.sweep.seed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network": "B9"}, r"variants.small.network: a network of sweep.networks \(B1, B2, B3"),
        ({"optimizer": "sdg"}, "variants.small.optimizer: expected 'sgd' or 'adam', got 'sdg'"),
        ({"batchsize": 8}, "variants.small.batchsize: unknown key, got 8"),
        ({"learning_rates": [0.1, 0.1]}, "variants.small.learning_rates: expected values that all"),
    ],
)
def test_a_wrong_variant_is_named(changed, change: dict, message: str):
    with pytest.raises(SystemExit, match=message):
        params.read(changed({"small": GRID | change}), params.Swept)


LOST = math.inf


def test_sizes_are_compared_run_by_run_at_one_rate_and_at_the_best_of_each():
    errors = {
        (32, 0.1): [1e-2, 1e-4],
        (1000, 0.1): [1e-3, 1e-5],  # the runs differ by far more than the sizes
        (32, 1.0): [LOST, LOST],
        (1000, 1.0): [1e-4, 1e-6],
        (1000, 5.0): [1e-2, 1e-2],
    }
    found = sizes_of(lanes_of(errors))
    assert (found["batch_sizes"], found["runs"]) == ([32, 1000], 2)
    at_rate = found["at_fixed_rate"]["0.1"]
    assert at_rate["log10_errors"] == pytest.approx({"32": -3, "1000": -4})
    sizes = at_rate["largest"].pop("sizes")
    limits = {"log10_ratio": 1, "low": 1, "high": 1, "diverged_at_one": 0}
    assert sizes == [32, 1000]
    assert at_rate["largest"] == pytest.approx(limits)
    assert found["at_best_rate"]["rates"] == {32: 0.1, 1000: 1.0}
    assert found["at_best_rate"]["largest"]["log10_ratio"] == pytest.approx(2)
    assert found["at_fixed_rate"]["1"]["largest"]["diverged_at_one"] == 1
    assert "largest" not in found["at_fixed_rate"]["5"]
    assert found["diverged"] == {"1": {"32": 1.0}}


def test_the_largest_difference_is_taken_and_the_larger_error_is_on_top():
    errors = {(32, 0.1): [1e-2, 1e-2], (100, 0.1): [1e-1, 1e-1], (1000, 0.1): [1e-4, 1e-4]}
    found = sizes_of(lanes_of(errors))["at_best_rate"]["largest"]
    assert (found["sizes"], found["log10_ratio"]) == ([100, 1000], pytest.approx(3))


def test_the_interval_is_that_of_the_mean_over_runs():
    ratios = np.array([0.0, 1.0, 2.0, 5.0])
    errors = {(32, 0.1): list(1e-6 * 10**ratios), (1000, 0.1): [1e-6] * 4}
    found = sizes_of(lanes_of(errors))["at_best_rate"]["largest"]
    assert found["log10_ratio"] == pytest.approx(2)
    assert (found["low"], found["high"]) == pytest.approx(student_interval(ratios))


def test_one_run_has_no_interval():
    found = sizes_of(lanes_of({(32, 0.1): [1e-2], (1000, 0.1): [1e-3]}))["at_best_rate"]["largest"]
    assert found["log10_ratio"] == pytest.approx(1)
    assert math.isnan(found["low"]) and math.isnan(found["high"])


def test_a_run_that_diverges_at_both_sizes_is_left_out_and_one_at_one_alone_is_counted():
    errors = {(32, 1.0): [LOST, 1e-2, 1e-2], (1000, 1.0): [LOST, 1e-3, 1e-3]}
    found = sizes_of(lanes_of(errors))["at_fixed_rate"]["1"]["largest"]
    assert (found["log10_ratio"], found["diverged_at_one"]) == (pytest.approx(1), 0)
    errors[1000, 1.0] = [1e-3, 1e-3, 1e-3]
    found = sizes_of(lanes_of(errors))["at_fixed_rate"]["1"]["largest"]
    assert (found["sizes"], found["log10_ratio"]) == ([32, 1000], math.inf)
    assert found["diverged_at_one"] == pytest.approx(1 / 3)


def test_where_all_diverge_there_is_no_difference():
    found = sizes_of(lanes_of({(32, 1.0): [LOST, LOST], (1000, 1.0): [LOST, LOST]}))
    assert "largest" not in found["at_fixed_rate"]["1"]
    assert "largest" not in found["at_best_rate"]


def test_the_best_rate_of_a_size_is_one_at_which_no_run_diverges():
    errors = {(32, 0.1): [1e-2, 1e-2, 1e-2], (32, 1.0): [LOST, 1e-5, 1e-5]}
    assert sizes_of(lanes_of(errors))["at_best_rate"]["rates"] == {32: 0.1}


def test_other_optimisers_and_initialisations_are_no_part_of_it():
    adam = lanes_of({(100, 0.1): [1e-9]}, optimizer="adam")
    lanes = pd.concat([lanes_of({(32, 0.1): [1e-2]}), adam])
    assert sizes_of(lanes)["at_best_rate"]["log10_errors"] == {"32": -2.0}


def test_the_stage_writes_the_same_bytes_twice(
    changed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("IDEM_WORKERS", "1")
    path, written = changed(TINY), []
    for folder in (tmp_path / "a", tmp_path / "b"):
        monkeypatch.setattr(
            sys, "argv", ["variants", "--params", str(path), "--metrics", str(folder)]
        )
        variants.main()
        written.append([(folder / f"variants.{kind}").read_bytes() for kind in ("csv", "json")])
    assert written[0] == written[1]
    table, found = pd.read_csv(tmp_path / "a/variants.csv"), json.loads(written[0][1])
    assert len(table) == 4 * 2 * 2
    assert list(table.columns[:5]) == [
        "variant",
        "network",
        "batch_size",
        "optimizer",
        "initialization",
    ]
    assert set(found) == {*TINY, "T7"}
    assert found["small"]["modified"]["best_rate"] == 0.1
    assert found["T7"]["B1"]["ordinary"]["batch_sizes"] == [8, 64]
    at_best = found["T7"]["B1"]["modified"]["at_best_rate"]
    assert at_best["rates"] == {"8": 0.1, "64": 0.1}
    assert at_best["largest"]["log10_ratio"] >= 0


def run(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, **environment: str) -> int | str:
    """Run the stage in this process with `folder` as its own; return its exit status."""
    folder.mkdir(exist_ok=True)
    with monkeypatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["variants", "--params", str(path), "--metrics", "."])
        for name, value in ({"IDEM_WORKERS": "1"} | environment).items():
            patch.setenv(name, value)
        try:
            variants.main()
        except SystemExit as stopped:
            return stopped.code or 0
    return 0


def test_cut_again_and_again_it_ends_with_the_same_bytes(
    changed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = changed({name: TINY[name] for name in ("small", "adam")})
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert run(path, whole, monkeypatch) == 0
    statuses = []
    while not statuses or statuses[-1]:
        statuses.append(run(path, cut, monkeypatch, IDEM_MINUTES="1e-9"))
        assert not statuses[-1] or not (cut / "variants.csv").exists()
    assert set(statuses[:-1]) == {engine.OUT_OF_TIME}
    assert len(statuses) > 2
    for name in ("variants.csv", "variants.json"):
        assert (whole / name).read_bytes() == (cut / name).read_bytes()
    assert not list(cut.glob(".ckpt/*"))


def test_what_was_trained_by_other_parameters_is_not_gone_on_with(
    changed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first, other = ({"small": TINY["small"] | {"batch_size": size}} for size in (8, 9))
    assert run(changed(first), tmp_path, monkeypatch, IDEM_MINUTES="1e-9") == engine.OUT_OF_TIME
    assert run(changed(other), tmp_path, monkeypatch) == 0
    assert run(changed(other), tmp_path / "alone", monkeypatch) == 0
    table = (tmp_path / "variants.csv").read_bytes()
    assert table == (tmp_path / "alone/variants.csv").read_bytes()


def test_at_the_papers_scale_every_size_sees_the_same_rates_and_ten_runs():
    settings = params.read(ROOT / "stages/pipelines/paper/params.yaml", params.Swept)
    for network in ("B1", "B2"):
        of_network = [v for v in settings.variants.values() if v.network == network]
        assert [v.batch_size for v in of_network] == [32, 100, 1000, 10_000]
        alike = {(tuple(v.learning_rates), v.runs, v.steps) for v in of_network}
        ((rates, runs, _),) = alike
        assert runs == 10 and 3 <= len(rates) <= 5
        assert max(rates) / min(rates) == pytest.approx(100)
