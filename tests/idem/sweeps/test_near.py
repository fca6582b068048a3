import math
from dataclasses import replace

import pytest
import torch

from idem.sweeps.grid import Grid, seeded
from idem.sweeps.mlp import MLP
from idem.sweeps.near import NearProjection


def network(start: NearProjection, widths: list[int], seed: int = 0) -> MLP:
    f = MLP(widths)
    drawn = [t for pair in start.draw(widths, seeded(seed)) for t in pair]
    with torch.no_grad():
        for parameter, value in zip(f.parameters(), drawn, strict=True):
            parameter.copy_(value)
    return f.double()


@pytest.mark.parametrize("null", [1, 3, 7])
@pytest.mark.parametrize("widths", [[8, 8], [8, 8, 8]])
def test_without_noise_the_start_is_idempotent(null: int, widths: list[int]):
    f = network(NearProjection(noise=0.0, bias=8.0, null_dimension=null), widths)
    x = torch.randn(500, 8, dtype=torch.float64, generator=seeded(1))
    y = f(x)
    torch.testing.assert_close(f(y), y, atol=1e-5, rtol=0)
    spread = torch.linalg.matrix_rank((y - y.mean(0)).detach(), atol=1e-3)
    assert spread == 8 - null  # and not constant: its outputs span the range of P


def test_noise_takes_it_away_in_proportion():
    x = torch.randn(500, 20, dtype=torch.float64, generator=seeded(1))
    errors = []
    for noise in (0.001, 0.002):
        f = network(NearProjection(noise, bias=8.0), [20, 20])
        y = f(x)
        errors.append((f(y) - y).norm().item())
    assert errors[1] == pytest.approx(2 * errors[0], rel=0.02)


def test_runs_begin_elsewhere_and_rules_together():
    start = NearProjection(noise=0.1, bias=4.0)
    grid = Grid([6, 6], [0.1], 2, 1, 10, 1, initialization=start)
    assert torch.equal(grid.start(0)[0][0], grid.start(0)[0][0])
    assert not torch.equal(grid.start(0)[0][0], grid.start(1)[0][0])
    assert torch.equal(grid.start(1)[0][1], torch.full((6,), 4.0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"noise": -1.0}, "noise: expected 0 or more, got -1"),
        ({"bias": math.inf}, "bias: expected 0 or more, got inf"),
        ({"null_dimension": 0}, "null_dimension: expected at least 1, got 0"),
    ],
)
def test_wrong_values_are_named(change: dict, message: str):
    with pytest.raises(ValueError, match=message):
        replace(NearProjection(0.1, 4.0), **change)


@pytest.mark.parametrize("widths", [[5, 6, 5], [3, 3]])
def test_other_widths_are_refused(widths: list[int]):
    with pytest.raises(ValueError, match="widths: expected equal widths above 3"):
        NearProjection(0.1, 4.0, null_dimension=3).draw(widths, seeded(0))
