"""Gradients along both routes, beside a plain descent with autograd."""

from pathlib import Path

import pytest
import torch

from idem.checkpoint import Checkpoint, OutOfTime
from idem.landscape.trajectory import ParameterSpace, cosine, descend
from idem.sweeps.grid import Grid
from idem.sweeps.sweep import train_lanes
from stages.published.walks import Extent, principal_axes, walk

RATES = {"modified": 0.5, "ordinary": 0.2}
EXTENT = Extent(
    6,
    every=2,
    closely_to=0,
    plane_steps=[2, 4],
    plane_every=2,
    surface_points=3,
    surface_margin=0.1,
)
WIDTHS = (5, 7, 5)


@pytest.fixture(scope="module")
def grid() -> Grid:
    rates = {rule: [rate] for rule, rate in RATES.items()}
    return Grid(WIDTHS, rates, runs=2, steps=6, batch_size=40, log_every=2, data="fixed")


@pytest.fixture(scope="module")
def walked(grid: Grid) -> dict:
    return walk(grid, 0, RATES, EXTENT, None)


def route(grid: Grid, run: int, rule: str) -> tuple[ParameterSpace, torch.Tensor, torch.Tensor]:
    space, x = ParameterSpace(WIDTHS, grid.negative_slope), grid.batch(run, 0).double()
    start = space.point([(W.double(), b.double()) for W, b in grid.start(run)])
    return space, descend(space, start, [x] * 6, rule, RATES[rule], [0, 2, 4, 6]), x


def test_gradients_are_those_of_a_plain_descent(grid: Grid, walked: dict):
    space, modified, x = route(grid, 0, "modified")
    _, ordinary, _ = route(grid, 0, "ordinary")
    _, other, y = route(grid, grid.runs, "ordinary")
    for k, row in enumerate(walked["trace"]):
        assert row["step"] == 2 * k
        own, aside = (space.update(modified[k], x, rule) for rule in ("modified", "ordinary"))
        slow = space.update(ordinary[k], x, "ordinary")
        expected = {
            "norm_modified": float(own.norm()),
            "norm_ordinary": 2 / 5 * float(slow.norm()),
            "cosine_along_modified": cosine(own, aside),
            "cosine_along_ordinary": cosine(slow, space.update(ordinary[k], x, "modified")),
            "cosine_same_start": cosine(own, slow),
            "cosine_separate": cosine(own, space.update(other[k], y, "ordinary")),
        }
        assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_at_first_every_step_is_measured_and_the_routes_stay_as_they_are(grid: Grid, walked: dict):
    closely = walk(grid, 0, RATES, EXTENT._replace(closely_to=3), None)
    by_step = {row["step"]: row for row in closely["trace"]}
    assert list(by_step) == [0, 1, 2, 3, 4, 6]
    for row in walked["trace"]:
        assert by_step[row["step"]] == pytest.approx(row)
    assert closely["routes"] == walked["routes"]


def test_the_routes_are_lanes_of_the_sweep(grid: Grid, walked: dict):
    for unit in grid.units()[:2]:
        rows = {row["step"]: row["absolute_error"] for row in train_lanes(grid, unit)}
        errors = {row["step"]: row[f"error_{unit.rule}"] for row in walked["trace"]}
        assert errors == pytest.approx(rows)


def test_a_walk_that_was_stopped_ends_alike(grid: Grid, walked: dict, tmp_path: Path):
    for _ in range(3):
        with pytest.raises(OutOfTime):
            walk(grid, 0, RATES, EXTENT, Checkpoint(tmp_path / "walk.npz", deadline=0.0))
    assert walk(grid, 0, RATES, EXTENT, Checkpoint(tmp_path / "walk.npz")) == walked


def test_both_routes_begin_at_the_origin_of_their_plane(grid: Grid, walked: dict):
    for up_to, points in ((2, 4), (4, 6)):
        of = [row for row in walked["routes"] if row["up_to"] == up_to]
        places = {(row["rule"], row["step"]): row for row in of}
        assert len(of) == len(places) == points
        for rule in RATES:
            assert [places[rule, 0][axis] for axis in ("pc1", "pc2")] == pytest.approx([0, 0])
        assert places["modified", up_to]["pc1"] > 0
        shares = [row["share"] for row in walked["shares"] if row["up_to"] == up_to]
        assert len(shares) == 2 and 0.9 < sum(shares) <= 1 + 1e-12


def test_points_in_the_plane_are_as_far_apart_as_is_asked_for(grid: Grid, walked: dict):
    rare = walk(grid, 0, RATES, EXTENT._replace(plane_steps=[4], plane_every=4), None)
    assert [(row["rule"], row["step"]) for row in rare["routes"]] == [
        (rule, step) for step in (0, 4) for rule in ("modified", "ordinary")
    ]
    assert rare["trace"] == walked["trace"]


def test_distances_in_the_plane_are_at_most_those_of_parameters(grid: Grid, walked: dict):
    _, modified, _ = route(grid, 0, "modified")
    for row in walked["routes"]:
        if row["rule"] == "modified" and row["step"] and row["up_to"] == 4:
            apart = float((modified[row["step"] // 2] - modified[0]).norm())
            flat = (row["pc1"] ** 2 + row["pc2"] ** 2) ** 0.5
            assert 0.5 * apart < flat < apart * (1 + 1e-5)


def test_the_loss_on_the_plane_is_a_mean_over_elements(grid: Grid):
    narrow = EXTENT._replace(surface_margin=0.0, surface_points=2)
    found = walk(grid, 0, RATES, narrow, None)
    space, modified, x = route(grid, 0, "modified")
    y = space.outputs(modified[0], x)
    start = float((space.outputs(modified[0], y) - y).square().mean())
    losses = [row["loss"] for row in found["surface"]]
    assert len(losses) == 4
    assert min(losses) < start < 10 * max(losses)


def test_principal_axes_are_those_of_the_singular_vectors():
    points = torch.randn(9, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    axes, shares = principal_axes(points)
    _, values, vectors = torch.linalg.svd(points - points.mean(0), full_matrices=False)
    assert shares == pytest.approx((values.square() / values.square().sum()).tolist(), abs=1e-12)
    torch.testing.assert_close((axes @ vectors[:2].mT).abs(), torch.eye(2, dtype=torch.float64))
