import torch

from idem.metrics import absolute_error, output_spread, relative_error


def outputs(seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(9, 2, 3, dtype=torch.float64, generator=generator)


def test_errors_of_an_idempotent_map_are_zero():
    assert absolute_error(outputs(0), outputs(0)).item() == 0
    assert relative_error(outputs(0), outputs(0)).item() == 0


def test_relative_error_and_spread_under_scaling_and_shift():
    y, u = outputs(0), outputs(1)
    torch.testing.assert_close(relative_error(5 * y + 1, 5 * u + 1), relative_error(y, u))
    torch.testing.assert_close(output_spread(5 * y + 1), 5 * output_spread(y))


def test_a_constant_map_has_no_spread():
    assert output_spread(torch.ones(4, 3)).item() == 0


def test_values_against_plain_sums():
    y, u = outputs(0), outputs(1)
    difference = [
        abs(a - b) for a, b in zip(u.flatten().tolist(), y.flatten().tolist(), strict=True)
    ]
    assert abs(absolute_error(y, u).item() - sum(difference) / 54) < 1e-14
    centred = (y - y.mean(0, keepdim=True)).flatten()
    expected = (sum(d * d for d in difference) / (centred @ centred).item()) ** 0.5
    assert abs(relative_error(y, u).item() - expected) < 1e-14
