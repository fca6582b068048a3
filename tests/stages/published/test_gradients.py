"""Gradients and routes beside the published ones."""

import json

import numpy as np
import pandas as pd
import pytest

from stages.common import params
from stages.published import curves, gradients
from tests import ROOT


@pytest.fixture(scope="module")
def settings() -> params.Paper:
    found = params.read(ROOT / "stages/pipelines/paper/params.yaml", params.Paper)
    brief = {"network": "B1", "steps": 20, "plane_steps": 20, "surface_points": 3}
    return found.model_copy(
        update={
            "sweep": found.sweep.model_copy(update={"batch_size": 20}),
            "walks": found.walks.model_copy(update=brief | {"up_to": [10, 20]}),
        }
    )


def trace() -> pd.DataFrame:
    """A start with two runs, whose mean is 1 / (1 + step), and cosines of 0.5."""
    return pd.DataFrame(
        {"start": "default", "run": run, "step": step}
        | {name: (1 + 0.1 * (-1) ** run) / (1 + step) for name in gradients.QUANTITIES[:2]}
        | dict.fromkeys([*gradients.QUANTITIES[2:], gradients.SAME_START], 0.5)
        for run in (0, 1)
        for step in [*range(30), 30]
    )


def published(factor: float = 1.0, more: float = 0.0, later: int = 0) -> pd.DataFrame:
    return pd.DataFrame(
        {"quantity": name, "epoch": epoch}
        | {"value": factor / (1 + epoch + later) if name.startswith("norm") else 0.5 + more}
        for name in gradients.QUANTITIES
        for epoch in (0, 10, 20)
    )


ROUTE = pd.DataFrame({"rule": ["modified", "ordinary"], "pc1": 1.0, "pc2": 0.5, "run": 0})
PLANES = (
    ROUTE.assign(start="default"),
    ROUTE,
    pd.DataFrame({"start": "default", "component": [1, 2], "share": [0.9, 0.1]}),
)


def test_norms_deviate_by_a_factor_and_cosines_by_a_difference(settings: params.Paper):
    table = gradients.deviations(trace(), published(0.5, 0.1), settings.walks)
    plain = table[(table.delay == 0) & (table.up_to == 20)].set_index("quantity")
    assert plain["median"]["norm_modified"] == pytest.approx(2)
    assert plain["median_ratio"]["norm_modified"] == pytest.approx(2)
    assert plain["largest"]["cosine_separate"] == pytest.approx(0.1)
    assert np.isnan(plain["median_ratio"]["cosine_separate"])
    assert plain.points.eq(3).all()


def test_lines_that_are_late_are_hit_with_their_delay(settings: params.Paper):
    table = gradients.deviations(trace(), published(later=10), settings.walks)
    off = table[(table.quantity == "norm_ordinary") & (table.up_to == 20)].set_index("delay")
    assert off.largest[10] == pytest.approx(1)
    assert off.largest[0] > 1.3
    at_7 = gradients.deviations(trace(), published(later=7), settings.walks)
    assert gradients.headline(at_7, *PLANES)["nearest_delay"] == 7


def test_a_delay_is_told_as_far_as_ours_were_measured_with_it(settings: params.Paper):
    sparse = trace().query("step <= 17 or step % 10 == 0")
    table = gradients.deviations(sparse, published(), settings.walks)
    assert set(table[table.delay == 7].up_to) == {10}
    assert set(table[table.delay == 10].up_to) == {10, 20}


def test_one_start_is_compared_with_what_is_published_of_separate_runs(settings: params.Paper):
    one_start = trace().assign(**{gradients.SAME_START: 0.8})
    table = gradients.deviations(one_start, published(more=0.2), settings.walks)
    plain = table[(table.delay == 0) & (table.up_to == 20)].set_index("quantity")
    assert plain["median"][gradients.SAME_START] == pytest.approx(0.1)
    assert plain["median"][gradients.SEPARATE] == pytest.approx(0.2)


def test_the_rates_are_those_of_the_label(settings: params.Paper):
    assert gradients.rates_of(settings) == pytest.approx(
        {"modified": 0.67, "ordinary": 0.67 * 2 / 5}
    )


def test_the_stage_writes_tables_numbers_and_figure(
    settings: params.Paper, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(params, "read", lambda *_: settings)
    for name in ("read_gradients", "read_routes"):
        table = getattr(curves, name)(ROOT / curves.FOLDER / FILES[name])
        monkeypatch.setattr(gradients, name, lambda table=table: table)
    monkeypatch.setattr("sys.argv", ["gradients", "--metrics", str(tmp_path)])
    monkeypatch.setenv("IDEM_WORKERS", "1")
    monkeypatch.chdir(tmp_path)
    gradients.main()
    starts, runs = settings.walks.starts, settings.walks.runs
    assert len(pd.read_csv(tmp_path / "gradients.csv")) == 21 * len(starts) * runs
    assert len(pd.read_csv(tmp_path / "gradients_surface.csv")) == 9 * len(starts) * runs
    found = json.loads((tmp_path / "gradients.json").read_text())
    assert found["routes"]["theirs"]["modified_pc1"] == pytest.approx(1.4636)
    assert set(found["routes"]) == {"theirs", *starts}
    assert (tmp_path / "figure_gradients.png").stat().st_size > 10_000


FILES = {"read_gradients": "gradients.csv", "read_routes": "trajectory.csv"}
