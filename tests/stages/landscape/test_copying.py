import json
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

from idem.checkpoint import Checkpoint
from idem.sweeps.grid import Grid
from stages.common import params
from stages.landscape import copying
from stages.landscape.copied import Copying, reconstruction, trained
from tests import ROOT

GRID = Grid([6, 3, 6], [0.003, 0.01], 1, 40, 100, 40, memory=2**20)
TAUGHT = Copying(2.0, 400, 1e-2)


@pytest.fixture
def settings() -> params.Paper:
    return params.read(ROOT / "stages/pipelines/paper/params.yaml", params.Paper)


def rows_of(rule: str, path: Path) -> list[dict]:
    unit = next(unit for unit in GRID.units() if unit.rule == rule)
    rows = trained(GRID, TAUGHT, unit, "highest", Checkpoint(path / "unit.npz"))
    assert rows is not None
    return rows


def test_teaching_copies_as_much_as_the_bottleneck_lets_through():
    x = 2 + torch.randn(2000, 6, generator=torch.Generator().manual_seed(0))
    untaught = replace(TAUGHT, steps=1, learning_rate=1e-9).taught(GRID, 0)
    taught = TAUGHT.taught(GRID, 0)
    assert reconstruction(untaught, x) > 1
    assert 0.45 < reconstruction(taught, x) < 0.65  # of 6 dimensions, 3 come through


def test_teaching_is_decided_by_the_run():
    first, again, other = (TAUGHT.taught(GRID, run).state_dict()["0.weight"] for run in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_both_rules_begin_at_the_same_network_and_are_measured_before_and_after(tmp_path: Path):
    modified, ordinary = rows_of("modified", tmp_path / "m"), rows_of("ordinary", tmp_path / "o")
    assert [row["step"] for row in ordinary] == [0, 40, 0, 40]
    for mine, theirs in zip(modified[::2], ordinary[::2], strict=True):
        for name in ("relative_error", "reconstruction"):
            assert mine[name] == theirs[name] == modified[0][name]
    assert ordinary[1]["relative_error"] < ordinary[0]["relative_error"]


def test_a_unit_goes_on_with_the_rate_it_was_at(tmp_path: Path):
    whole, unit = rows_of("modified", tmp_path), GRID.units()[0]
    late = Checkpoint(tmp_path / "late.npz", deadline=0.0)
    assert trained(GRID, TAUGHT, unit, "highest", late) is None
    assert late.notes() == {"step": 1, "rows": whole[:2]}
    assert trained(GRID, TAUGHT, unit, "highest", Checkpoint(late.path)) == whole


def lanes(reconstructions: list[float]) -> pd.DataFrame:
    """A case of one rule at as many rates: the error falls with the rate."""
    rows = []
    for number, after in enumerate(reconstructions, start=1):
        lane = {"rule": "modified", "run": 0, "learning_rate": number / 10, "diverged": False}
        same = {"absolute_error": 1.0, "output_spread": 1.0}
        rows.append(lane | same | {"step": 0, "relative_error": 0.5, "reconstruction": 0.4})
        left = {"step": 9, "relative_error": 0.5 / 10**number, "reconstruction": after}
        rows.append(lane | same | left)
    return copying.lanes_of({"case": pd.DataFrame(rows)}, keeps=1.1)


def test_an_error_counts_only_where_the_reconstruction_is_kept():
    found = lanes([0.41, 0.43, 0.5, math.nan])
    assert list(found.initial_reconstruction) == [0.4] * 4
    assert list(found[copying.KEPT]) == pytest.approx([0.05, 0.005, math.inf, math.inf])
    of = copying._of_rule(found)
    assert (of["best_rate"], of["reconstruction"]) == (0.2, 0.43)
    assert of["log10_relative_error"] == pytest.approx(math.log10(0.005))


def test_the_tables_are_written_from_whole_cases(
    settings: params.Paper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    cases = {
        name: params.CopyingCase(widths=[5, hidden, 5], input_mean=0.0, runs=2)
        for name, hidden in (("narrow", 2), ("wide", 5))
    }
    few = {"cases": cases, "steps": 3, "batch_size": 20, "teaching_steps": 5}
    brief = settings.copying.model_copy(update=few | {"learning_rates": [0.001, 0.01]})
    arguments = type("A", (), {"params": None, "metrics": tmp_path, "units": None})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(params, "arguments", lambda _: arguments)
    monkeypatch.setattr(params, "read", lambda *_: settings.model_copy(update={"copying": brief}))
    copying.main()
    table = pd.read_csv(tmp_path / "copying.csv")
    assert set(table.groupby("case").size()) == {4}
    found = json.loads((tmp_path / "copying.json").read_text())
    assert list(found) == list(cases)
    assert all(of["modified_over_ordinary"]["runs"] == 2 for of in found.values())


def test_if_no_rate_keeps_the_reconstruction_there_is_no_best_one():
    of = copying._of_rule(lanes([0.5, 0.9]))
    assert of["best_rate"] is None and of["log10_relative_error"] is None
