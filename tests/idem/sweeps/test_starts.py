import math

import pytest
import torch

from idem.sweeps.grid import Grid
from idem.sweeps.starts import SCHEMES, StartedOtherwise


def grid(kind: type[Grid] = StartedOtherwise, widths: tuple[int, ...] = (6, 9, 6), **changed):
    values = {"learning_rates": [0.1], "runs": 2, "steps": 1, "batch_size": 3, "log_every": 1}
    return kind(widths=widths, **(values | changed))


def test_without_a_change_all_begins_as_in_a_plain_grid():
    for ours, plain in zip(grid().start(1), grid(Grid).start(1), strict=True):
        assert all(map(torch.equal, ours, plain))
    assert torch.equal(grid().batch(1, 0), grid(Grid).batch(1, 0))


def test_biases_are_scaled_and_weights_are_not():
    for ours, plain in zip(grid(bias_scale=0.7).start(0), grid().start(0), strict=True):
        assert torch.equal(ours[0], plain[0])
        torch.testing.assert_close(ours[1], 0.7 * plain[1])


def test_lecuns_weights_have_variance_one_over_n():
    weight, bias = grid(widths=(400, 300, 400), scheme="lecun_normal").start(0)[0]
    assert weight.shape == (300, 400)
    assert float(weight.std()) == pytest.approx(1 / math.sqrt(400), rel=0.02)
    assert not bias.any()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_start_depends_on_the_run(scheme: str):
    one, again, other = (grid(scheme=scheme).start(run)[0][0] for run in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"scheme": "lecun"}, "scheme: expected one of default, .*, lecun_normal, got 'lecun'"),
        ({"bias_scale": -1.0}, "bias_scale: expected 0 or more, got -1.0"),
        ({"steps": 0}, "steps: expected at least 1, got 0"),
    ],
)
def test_what_is_out_of_range_is_named(wrong: dict, message: str):
    with pytest.raises(ValueError, match=message):
        grid(**wrong)
