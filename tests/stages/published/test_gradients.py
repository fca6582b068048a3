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
    brief = {"network": "B1", "steps": 20, "surface_points": 3}
    brief |= {"plane_steps": [10, 20], "plane_every": 10}
    return found.model_copy(
        update={
            "sweep": found.sweep.model_copy(update={"batch_size": 20}),
            "walks": found.walks.model_copy(update=brief | {"up_to": [10, 20]}),
        }
    )


def trace() -> pd.DataFrame:
    """A case with two runs, whose mean is 1 / (1 + step), and cosines of 0.5."""
    return pd.DataFrame(
        {"case": "table_1", "run": run, "step": step}
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


PLACE = {"case": "table_1", "up_to": 20}
ROUTE = pd.DataFrame({"rule": ["modified", "ordinary"], "pc1": 1.0, "pc2": 0.5, "run": 0})
THEIRS = pd.concat(ROUTE.assign(pc1=0.1 * step) for step in range(4))
PLANES = (
    ROUTE.assign(**PLACE),
    THEIRS,
    pd.DataFrame(PLACE | {"component": [1, 2], "share": [0.9, 0.1]}),
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
    assert gradients.headline(at_7, *PLANES)["gradients"]["table_1"]["nearest_delay"] == 7


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


def test_the_rates_are_those_of_the_label_at_the_widths_of_the_case(settings: params.Paper):
    rates = gradients.rates_of(settings, "table_1")
    assert rates == pytest.approx({"modified": 0.67, "ordinary": 0.67 * 2 / 5})
    walks = settings.walks.model_copy(update={"network": "B2"})
    wide = settings.model_copy(update={"walks": walks})
    rates = gradients.rates_of(wide, "128_inputs")
    assert rates == pytest.approx({"modified": 0.67, "ordinary": 0.67 * 2 / 128})
    assert gradients.grid_of(wide, "128_inputs").widths == [128, 250, 250, 250, 250, 128]


def test_planes_are_told_by_how_far_their_routes_go(settings: params.Paper):
    nearer = [PLANES[0].assign(up_to=10, pc1=0.2), PLANES[0]]
    shares = [PLANES[2].assign(up_to=10, share=[0.7, 0.2]), PLANES[2]]
    table = gradients.deviations(trace(), published(), settings.walks)
    planes = gradients.headline(table, pd.concat(nearer), THEIRS, pd.concat(shares))["routes"]
    of = planes["table_1"]
    assert [of[up_to]["modified_pc1"] for up_to in (10, 20)] == [0.2, 1.0]
    assert [of[up_to]["shares"] for up_to in (10, 20)] == [[0.7, 0.2], [0.9, 0.1]]


def test_points_that_are_set_along_the_drawn_line_are_evenly_spaced():
    angles = np.linspace(0, 3, 40)
    drawn = pd.DataFrame({"rule": "modified", "pc1": np.cos(angles), "pc2": np.sin(angles) / 3})
    found = gradients.spacing(drawn)
    assert found["axes"] == pytest.approx(3, rel=0.01)
    assert found["uneven"] < 1e-2
    slowing = drawn.assign(pc1=1 / (1 + angles), pc2=np.exp(-angles))
    assert gradients.spacing(slowing)["uneven"] > 0.3
    theirs = curves.read_routes(ROOT / curves.FOLDER / FILES["read_routes"])
    assert gradients.spacing(theirs)["uneven"] < 0.02


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
    cases, runs = settings.walks.cases, settings.walks.runs
    assert len(pd.read_csv(tmp_path / "gradients.csv")) == 21 * len(cases) * runs
    assert len(pd.read_csv(tmp_path / "gradients_surface.csv")) == 9 * len(cases) * runs
    found = json.loads((tmp_path / "gradients.json").read_text())
    assert found["routes"]["theirs"]["modified_pc1"] == pytest.approx(1.4636)
    assert set(found["routes"]) == {"theirs", *cases}
    assert set(found["routes"]["table_1"]) == {"10", "20"}
    assert (tmp_path / "figure_gradients.png").stat().st_size > 10_000


FILES = {"read_gradients": "gradients.csv", "read_routes": "trajectory.csv"}
