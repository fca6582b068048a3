"""Batch normalisation that decorrelates: what leaves it, its statistics, what it is in place of."""

import pytest
import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call

from idem.generative.decorrelation import RIDGE, DecorrelatedBatchNorm2d
from idem.rule.passes import Passes


def correlated(count: int, channels: int, seed: int = 0, side: int = 1) -> Tensor:
    rng = Generator().manual_seed(seed)
    mixing = torch.randn(channels, channels, generator=rng, dtype=torch.float64)
    x = torch.randn(count, side, side, channels, generator=rng, dtype=torch.float64) @ mixing
    return (x + 3).permute(0, 3, 1, 2)


def items(x: Tensor) -> Tensor:
    """Return one row an item and place."""
    return x.transpose(0, 1).flatten(1).T


def plain(x: Tensor, size: int) -> Tensor:
    """Return the same by the definition, group by group."""
    rows = items(x)
    parts = []
    for h in rows.split(size, dim=1):
        covariance = torch.atleast_2d(torch.cov(h.T, correction=0))
        ridge = RIDGE * covariance.trace() / size + 1e-5
        factor = torch.linalg.cholesky(covariance + ridge * torch.eye(size, dtype=h.dtype))
        parts.append((h - h.mean(0)) @ torch.linalg.inv(factor).T)
    return torch.cat(parts, 1)


@pytest.mark.parametrize(("channels", "size"), [(4, 4), (32, 16), (20, 10), (6, 6), (5, 5)])
def test_it_equals_its_definition_in_groups_of_the_largest_divisor_up_to_16(channels, size):
    norm, x = DecorrelatedBatchNorm2d(channels).double(), correlated(50, channels)
    assert norm.running_var is not None
    assert norm.running_var.shape == (channels // size, size, size)
    assert torch.allclose(items(norm(x)), plain(x, size), atol=1e-9)


@pytest.mark.parametrize(
    ("channels", "most", "size"), [(32, 8, 8), (32, None, 32), (20, 19, 10), (7, None, 7)]
)
def test_a_group_has_as_many_channels_as_are_asked_for_or_all(channels, most, size):
    norm, x = DecorrelatedBatchNorm2d(channels, most).double(), correlated(90, channels)
    assert torch.allclose(items(norm(x)), plain(x, size), atol=1e-9)
    assert norm.size == size


@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e3])
def test_the_covariance_within_a_group_is_the_identity_up_to_the_ridge_whatever_came_in(scale):
    norm, x = DecorrelatedBatchNorm2d(6).double(), scale * correlated(200, 6)
    out = items(norm(x))
    assert out.mean(0).abs().max() < 1e-9
    given = torch.linalg.eigvalsh(torch.cov(items(x).T, correction=0))
    left = torch.linalg.eigvalsh(torch.cov(out.T, correction=0))
    assert torch.allclose(left, given / (given + RIDGE * given.mean() + 1e-5))
    assert left.median() > 0.9


def test_places_count_as_items():
    norm, x = DecorrelatedBatchNorm2d(4).double(), correlated(10, 4, side=3)
    assert torch.allclose(items(norm(x)), plain(x, 4), atol=1e-9)


def test_gain_and_bias_come_last():
    norm, x = DecorrelatedBatchNorm2d(4).double(), correlated(30, 4)
    before = norm(x)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([1.0, 2.0, 3.0, 4.0]))
        norm.bias.fill_(5.0)
    assert torch.allclose(norm(x), before * norm.weight[:, None, None] + 5)


def test_its_derivative_is_the_true_one():
    norm = DecorrelatedBatchNorm2d(3).double()
    x = correlated(5, 3).requires_grad_()
    assert torch.autograd.gradcheck(norm, (x,), fast_mode=True)


def test_in_evaluation_an_item_does_not_depend_on_its_batch():
    norm, x = DecorrelatedBatchNorm2d(4).double(), correlated(30, 4)
    norm(x)
    norm.eval()
    assert torch.allclose(norm(x)[:1], norm(x[:1]))


def test_running_statistics_are_those_of_the_batches_unbiased():
    norm, batches = DecorrelatedBatchNorm2d(4).double(), [correlated(20, 4, s) for s in range(3)]
    norm.momentum = None
    for x in batches:
        norm(x)
    rows = [items(x) for x in batches]
    assert norm.running_mean is not None and norm.running_var is not None
    assert torch.allclose(norm.running_mean, torch.stack([r.mean(0) for r in rows]).mean(0))
    covariance = torch.stack([r.T.cov() for r in rows]).mean(0)
    assert torch.allclose(norm.running_var[0], covariance)
    norm.reset_running_stats()
    assert torch.equal(norm.running_var[0], torch.eye(4, dtype=torch.float64))
    assert not norm.running_mean.any() and norm.num_batches_tracked == 0


def test_momentum_moves_them_as_batchnorm_moves_its_own():
    norm, other = DecorrelatedBatchNorm2d(2), nn.BatchNorm2d(2)
    for seed in range(3):
        x = correlated(20, 2, seed).float()
        norm(x)
        other(x)
    assert norm.running_var is not None and other.running_var is not None
    assert torch.allclose(norm.running_var[0].diagonal(), other.running_var)
    assert norm.running_mean is not None and other.running_mean is not None
    assert torch.allclose(norm.running_mean, other.running_mean)


def test_a_pass_at_rest_leaves_its_statistics():
    f = nn.Sequential(DecorrelatedBatchNorm2d(4)).double()
    passes, before = Passes(f, "none"), {k: v.clone() for k, v in f.state_dict().items()}
    passes.first(correlated(20, 4))
    assert all(torch.equal(value, before[name]) for name, value in f.state_dict().items())


def test_the_state_of_one_is_that_of_another():
    norm, other = DecorrelatedBatchNorm2d(4).double(), DecorrelatedBatchNorm2d(4).double()
    norm(correlated(30, 4))
    other.load_state_dict(norm.state_dict())
    x = correlated(5, 4, seed=1)
    assert torch.equal(norm.eval()(x), other.eval()(x))


def test_called_with_copies_it_moves_these_and_not_its_own():
    norm, x = DecorrelatedBatchNorm2d(4).double(), correlated(30, 4)
    before = {name: value.clone() for name, value in norm.state_dict().items()}
    copies = {name: value.clone() for name, value in norm.state_dict().items()}
    out = functional_call(norm, copies, (x,))
    assert all(torch.equal(value, before[name]) for name, value in norm.state_dict().items())
    assert torch.equal(out, norm(x))
    assert all(torch.equal(value, copies[name]) for name, value in norm.state_dict().items())


def test_equal_items_and_singular_batches_give_numbers():
    norm = DecorrelatedBatchNorm2d(8)
    assert norm(torch.ones(4, 8, 1, 1)).isfinite().all()
    assert norm(correlated(3, 8).float()).isfinite().all()


def test_a_covariance_without_a_factor_gives_nan_alone():
    norm = DecorrelatedBatchNorm2d(2).double().eval()
    assert norm.running_var is not None
    norm.running_var.copy_(torch.tensor([[[1.0, 2.0], [2.0, 1.0]]]))
    assert norm(correlated(4, 2)).isnan().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_normalised_in_both_modes(dtype: torch.dtype):
    norm, x = DecorrelatedBatchNorm2d(4).to(dtype), correlated(200, 4).to(dtype)
    assert norm(x).dtype == dtype
    assert norm.eval()(x).dtype == dtype
    assert norm(x).isfinite().all()


def test_under_vmap_a_batch_is_normalised_as_it_is_one_by_one():
    norm, batches = DecorrelatedBatchNorm2d(4).double(), torch.stack([correlated(9, 4)] * 2)
    passes = Passes(norm, "none")
    found = torch.func.vmap(passes.first)(batches)
    assert torch.allclose(found[1], passes.first(batches[1]))


def test_what_is_not_finite_gives_nan_and_no_error():
    x = correlated(10, 32)
    x[3, 2] = torch.inf
    out = DecorrelatedBatchNorm2d(32).double()(x)
    assert out[:, :16].isnan().any() and out[:, 16:].isfinite().all()


def test_under_autocast_it_is_computed_in_float32():
    norm, x = DecorrelatedBatchNorm2d(4), correlated(30, 4).float()
    with torch.autocast("cpu", torch.bfloat16):
        half = norm(x.bfloat16())
    assert half.dtype == torch.bfloat16
    assert torch.allclose(half.float(), norm(x.bfloat16().float()), atol=0.02)


def test_what_it_cannot_normalise_is_refused():
    with pytest.raises(ValueError, match="more than 1 value per channel in training mode"):
        DecorrelatedBatchNorm2d(4)(torch.zeros(1, 4, 1, 1))
    with pytest.raises(ValueError, match="a divisor from 2 to 16, got 17; take another"):
        DecorrelatedBatchNorm2d(17)
    with pytest.raises(ValueError, match="a divisor from 2 to 1, got 4; take another"):
        DecorrelatedBatchNorm2d(4, 1)
    with pytest.raises(ValueError, match="a divisor from 2 to 1, got 1; take another"):
        DecorrelatedBatchNorm2d(1, None)
    with pytest.raises(ValueError, match=r"expected \(B, 4, H, W\), got \(2, 3, 1, 1\)"):
        DecorrelatedBatchNorm2d(4)(torch.zeros(2, 3, 1, 1))
    with pytest.raises(ValueError, match=r"expected \(B, 4, H, W\), got \(2, 4\)"):
        DecorrelatedBatchNorm2d(4)(torch.zeros(2, 4))
