import math

import pytest
import torch
from torch import Generator, Tensor

from idem.evaluation import metrics
from idem.evaluation.metrics import (
    absolute_error,
    displacement,
    output_spread,
    power_drift,
    relative_error,
)


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, generator=Generator().manual_seed(0), dtype=torch.float64)


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


def test_a_projection_does_not_drift():
    q = torch.linalg.qr(normal(6, 2)).Q
    drift = power_drift(lambda x: x @ q @ q.T, normal(9, 6), k=4)
    assert len(drift) == 4
    assert max(drift) < 1e-14


def test_the_drift_of_a_scaling_is_its_distance_to_one():
    assert power_drift(lambda x: 0.75 * x, normal(9, 6), k=3) == pytest.approx([0.25] * 3)


def test_an_idempotent_start_does_not_hide_a_later_drift():
    shift = lambda x: x.clamp(min=0).roll(1, -1)  # noqa: E731
    drift = power_drift(shift, normal(9, 6), k=2)
    assert min(drift) > 0.1


def test_no_application_to_compare_is_refused():
    with pytest.raises(ValueError, match="k: expected at least 1, got 0"):
        power_drift(lambda x: x, normal(2, 2), k=0)


def test_displacement_is_zero_for_the_identity_and_one_for_the_zero_map():
    z = normal(5, 4)
    assert displacement(z, z) == 0
    assert displacement(z, 0 * z) == pytest.approx(1)


def test_the_degenerate_maps_have_the_values_that_are_promised():
    zero, one = torch.zeros(4, 3), torch.ones(4, 3)
    assert power_drift(lambda x: x * 0, one, 2) == [0, 0]
    assert power_drift(lambda x: x + 1, -one, 1) == [math.inf]
    assert relative_error(zero, zero) == 0 and relative_error(zero, one) == math.inf
    assert displacement(zero, zero) == 0 and displacement(zero, one) == math.inf
    assert output_spread(one[:1]) == 0 and relative_error(one[:1], one[:1]) == 0
    broken = one * math.nan
    for found in (relative_error(broken, broken), absolute_error(one, broken)):
        assert found.isnan()
    assert math.isnan(displacement(broken, broken)) and output_spread(broken).isnan()


@pytest.mark.parametrize("measure", [absolute_error, relative_error, displacement])
def test_other_shapes_are_refused_and_not_broadcast(measure):
    with pytest.raises(ValueError, match=r"of one shape, got \(4, 1\) and \(4, 3\)"):
        measure(torch.ones(4, 1), torch.ones(4, 3))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_does_not_overflow(dtype):
    y = (1000 * normal(64, 64)).to(dtype)
    assert output_spread(y).item() == pytest.approx(output_spread(y.double()).item(), rel=1e-3)
    assert relative_error(y, 2 * y).item() == pytest.approx(1, rel=2e-2)


def test_a_map_into_another_shape_has_no_drift():
    with pytest.raises(ValueError, match=r"one shape, got \(4, 3\) and \(4, 2\)"):
        power_drift(lambda x: x[:, :2], torch.ones(4, 3), 1)


@pytest.mark.parametrize("scale", [1e-40, 1e-30, 1e-23, 1.0, 1e17])
def test_no_scale_that_training_meets_changes_a_relative_error(scale: float):
    y = torch.arange(8.0)[:, None].repeat(1, 4) * scale
    assert relative_error(y, 0.5 * y).item() == pytest.approx(0.9129, rel=1e-4)
    assert output_spread(y).item() == pytest.approx(5.25**0.5 * scale, rel=1e-4, abs=0)


def test_a_map_that_shrinks_for_long_does_not_look_idempotent():
    drift = power_drift(lambda z: 0.1 * z, normal(8, 4).float(), 35)
    assert drift == pytest.approx([0.9] * 35, rel=1e-4)


@pytest.mark.parametrize("scale", [10.0, 1e-3, 1e-9, 1e-15])
def test_powers_of_two_change_no_digit(scale: float):
    y, u = scale * outputs(0).float(), scale * outputs(1).float()
    power = metrics._scaled(y)[1].item()
    assert power == 1 if scale > 1 else power < scale * 8 and math.frexp(power)[0] == 0.5
    plain = torch.linalg.vector_norm(u - y) / torch.linalg.vector_norm(y - y.mean(0))
    assert relative_error(y, u).item() == plain.item()
    assert output_spread(y).item() == (y - y.mean(0)).square().mean().sqrt().item()


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-30])
def test_equal_items_have_the_spread_of_rounding(value: float):
    y = torch.full((7, 4), value)
    assert output_spread(y) <= 1e-6 * value
    assert relative_error(y, y) == 0 and relative_error(y, 2 * y) > 1e6


@pytest.mark.parametrize("measure", [output_spread, lambda y: relative_error(y, 1 * y)])
@pytest.mark.parametrize("items", [1, 5])
def test_gradients_are_finite_where_there_is_no_spread(measure, items: int):
    y = torch.ones(items, 3, requires_grad=True)
    measure(y).backward()
    assert y.grad is not None and y.grad.isfinite().all()


@pytest.mark.parametrize("scale", [10.0, 1e-3])
def test_gradients_are_those_of_the_plain_formulas(scale: float):
    y, u = (scale * outputs(0)).requires_grad_(), (scale * outputs(1)).requires_grad_()
    for measure, tensors in ((relative_error, (y, u)), (output_spread, (y,))):
        assert torch.autograd.gradcheck(measure, tensors, eps=1e-7 * scale)


def test_of_complex_outputs_the_spread_is_that_of_both_parts():
    y = torch.complex(outputs(0), outputs(1))
    both = torch.stack([outputs(0), outputs(1)], -1)
    assert output_spread(y).item() == pytest.approx(output_spread(both).item() * 2**0.5)


def test_a_layer_that_overwrites_its_input_is_measured_as_one_that_does_not():
    layers = [torch.nn.Sequential(torch.nn.LeakyReLU(0.5, inplace=i)) for i in (True, False)]
    z = normal(8, 3)
    kept = z.clone()
    found, expected = (power_drift(f, z, 3) for f in layers)
    assert found == expected
    assert torch.equal(z, kept)


@pytest.mark.parametrize("measure", [absolute_error, relative_error, displacement])
def test_a_batch_of_nothing_is_no_perfect_one(measure):
    with pytest.raises(ValueError, match=r"one element at least, got shape \(0, 5\)"):
        measure(torch.zeros(0, 5), torch.zeros(0, 5))


def test_a_displacement_is_a_number_of_inputs_with_gradients_too():
    z = normal(4, 3).requires_grad_()
    assert displacement(z, 2 * z) == pytest.approx(1)


def test_a_network_that_returns_all_outputs_in_one_memory_drifts():
    z, memory = torch.randn(6, 4), torch.empty(6, 4)
    found = metrics.power_drift(lambda x: torch.mul(x, 0.5, out=memory), z, 3)
    assert found == pytest.approx([0.5, 0.5, 0.5])


def test_whole_numbers_are_not_rounded():
    y = torch.tensor([[2**40], [2**40 + 3]])
    assert metrics.absolute_error(y, y + 1) == 1
