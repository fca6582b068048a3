"""The U-DCGAN: shapes, the bottleneck, the wiring of skips, reproducible weights."""

import copy

import pytest
import torch
from torch import Generator, nn

from idem.evaluation.latent import with_held_statistics
from idem.generative.calibration import recalibrate
from idem.generative.decorrelation import BATCH_NORMS, DecorrelatedBatchNorm2d
from idem.generative.noise import GaussianNoise
from idem.generative.udcgan import UDCGAN

MNIST, CELEBA = (1, 32, 32), (3, 64, 64)


def small(skips=(), normalization="batch", seed=0) -> UDCGAN:
    generator = Generator().manual_seed(seed)
    return UDCGAN((1, 16, 16), (4, 8), 5, skips, normalization, generator=generator)


@pytest.mark.parametrize(
    ("shape", "channels"), [(MNIST, (4, 6, 8)), (CELEBA, (4, 6, 8, 10)), ((1, 32, 32), (4,) * 5)]
)
@pytest.mark.parametrize("normalization", ["batch", "group", "none"])
def test_the_output_has_the_shape_of_the_input(shape, channels, normalization):
    f = UDCGAN(shape, channels, 7, normalization=normalization)
    x = torch.randn(2, *shape)
    code, features = f.encode(x)
    assert code.shape == (2, 7, 1, 1)
    assert [len(level[0]) for level in features] == list(channels)
    assert f(x).shape == x.shape


def test_the_output_lies_in_the_range_of_tanh():
    y = small()(10 * torch.randn(4, 1, 16, 16, generator=Generator().manual_seed(0)))
    assert y.abs().max() <= 1


def test_without_skips_the_output_depends_on_the_code_alone():
    f = small().eval()
    x = torch.randn(3, 1, 16, 16, generator=Generator().manual_seed(1))
    assert torch.equal(f(x), f.decode(f.encode(x)[0]))


@pytest.mark.parametrize("skips", [(0,), (1,), (0, 1)])
def test_a_skip_hands_over_the_features_of_its_level_and_no_other(skips):
    f = small(skips).eval()
    code, features = f.encode(torch.randn(2, 1, 16, 16, generator=Generator().manual_seed(1)))
    output = f.decode(code, features)
    for level in range(2):
        changed = [x + 1 if i == level else x for i, x in enumerate(features)]
        assert torch.equal(f.decode(code, changed), output) == (level not in skips)


@pytest.mark.parametrize("skips", [(), (0,), (1,), (0, 1)])
def test_only_levels_with_a_skip_have_a_wider_decoder(skips):
    f = small(skips)
    inputs = [next(level.parameters()).shape[0] for level in f.decoder]
    assert inputs == [8 if 0 in skips else 4, 16 if 1 in skips else 8]


def test_weights_come_from_the_generator_alone():
    first, second, other = small(seed=3), small(seed=3), small(seed=4)
    torch.manual_seed(0)
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name
    assert not torch.equal(*(f.get_parameter("squeeze.0.weight") for f in (first, other)))


def test_the_initial_weights_are_those_of_dcgan():
    f = UDCGAN(MNIST, (32, 64, 128), 64, generator=Generator().manual_seed(0))
    for layer in f.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer.weight.numel() > 10_000:
            assert abs(layer.weight.std() - 0.02) < 1e-3
        if isinstance(layer, nn.BatchNorm2d):
            assert abs(layer.weight.mean() - 1) < 0.02
            assert not layer.bias.any()


def test_made_for_several_gpus_it_is_the_same_map_in_eval_mode():
    f, noise = small(), GaussianNoise((1, 16, 16))
    images = torch.randint(0, 256, (40, 1, 16, 16), generator=Generator().manual_seed(1)).byte()
    recalibrate(f, images, noise, batches=2, batch_size=8, seed=0)
    converted = copy.deepcopy(f).eval()
    assert nn.SyncBatchNorm.convert_sync_batchnorm(converted) is converted
    kinds = [type(layer) for layer in converted.modules() if isinstance(layer, BATCH_NORMS)]
    assert set(kinds) == {nn.SyncBatchNorm, DecorrelatedBatchNorm2d}
    z = noise.sample(5, Generator().manual_seed(2))
    assert torch.equal(converted(z), f.eval()(z))
    assert torch.equal(with_held_statistics(converted, z)(z), with_held_statistics(f, z)(z))


def test_batchnorm_gives_codes_of_any_batch_the_same_mean_and_spread():
    f = UDCGAN((1, 16, 16), (4, 8), 5, code_normalization="batch").train()
    for scale in (0.1, 10):
        x = scale * torch.randn(64, 1, 16, 16, generator=Generator().manual_seed(1))
        code = f.encode(x)[0].flatten(1)
        gain, bias = f.squeeze[1].get_parameter("weight"), f.squeeze[1].get_parameter("bias")
        assert torch.allclose(code.mean(0), bias, atol=1e-5)
        assert torch.allclose(code.std(0, unbiased=False), gain, rtol=0.05)


def test_by_default_codes_of_any_batch_are_decorrelated():
    f = small().train()
    x = torch.randn(64, 1, 16, 16, generator=Generator().manual_seed(1))
    with torch.no_grad():
        f.squeeze[1].get_parameter("weight").fill_(1.0)
    for scale in (1, 10):
        code = f.encode(scale * x + x[:1])[0].flatten(1)
        assert torch.allclose(code.T.cov(correction=0), torch.eye(5), atol=0.1)


def test_with_groupnorm_in_the_image_layers_nothing_but_the_code_depends_on_the_batch():
    rng = Generator().manual_seed(0)
    f = UDCGAN((1, 16, 16), (4, 8), 6, (), "group", "decorrelated", None, rng).train()
    x = torch.randn(64, 1, 16, 16, generator=Generator().manual_seed(1))
    (code, features), (other, same) = f.encode(x), f.encode(torch.cat([x[:1], 3 * x[1:] + 1]))
    for here, there in zip(features, same, strict=True):
        torch.testing.assert_close(here[0], there[0])
    assert not torch.allclose(code[0], other[0], atol=0.01)
    torch.testing.assert_close(f.decode(code)[0], f.decode(code[:1])[0])


def test_the_code_may_be_decorrelated_as_a_whole():
    for group, size in ((None, 32), (8, 8)):
        norm = UDCGAN((1, 16, 16), (4, 8), 32, code_group=group).squeeze[1]
        assert isinstance(norm, DecorrelatedBatchNorm2d) and norm.size == size


def test_the_code_can_be_left_as_it_is():
    f = UDCGAN((1, 16, 16), (4, 8), 5, code_normalization="none").train()
    assert isinstance(f.squeeze[1], nn.Identity)
    assert f.squeeze[0].bias is not None


@pytest.mark.parametrize("normalization", ["group", "none"])
def test_without_batchnorm_an_item_does_not_depend_on_its_batch(normalization):
    f = small(normalization=normalization).train()
    x = torch.randn(3, 1, 16, 16, generator=Generator().manual_seed(1))
    assert torch.allclose(f(x)[:1], f(x[:1]), atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((1, 28, 28), (4, 8, 16), 5), r"side divisible by 2\^3 = 8 for 3 levels, got 28; pad"),
        (((1, 16, 32), (4,), 5), r"expected \(channels, side, side\)"),
        (((16, 16), (4,), 5), r"expected \(channels, side, side\)"),
        (((1, 16, 16), (), 5), "channels: expected one or more"),
        (((1, 16, 16), (4, 0), 5), "channels: expected one or more"),
        (((1, 16, 16), (4,), 0), "bottleneck: expected at least 1, got 0"),
        (((1, 16, 16), (4,), 17), "bottleneck: expected a number with a divisor from 2 to 16"),
        (((1, 16, 16), (4, 8), 5, (2,)), r"skips: expected levels 0 to 1, got \[2\]"),
        (((1, 16, 16), (4,), 5, (), "layer"), "expected one of batch, group, none, got 'layer'"),
        (
            ((1, 16, 16), (4,), 5, (), "batch", "white"),
            "code_normalization: expected one of batch, group, none, decorrelated, got 'white'",
        ),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        UDCGAN(*arguments)


def test_images_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"shape \(B, 1, 16, 16\), got \(2, 1, 32, 32\)"):
        small()(torch.zeros(2, 1, 32, 32))


def test_a_decoder_with_skips_asks_for_the_features():
    f = UDCGAN((1, 8, 8), channels=(4, 8), bottleneck=4, skips=(0,))
    code, features = f.encode(torch.zeros(2, 1, 8, 8))
    assert f.decode(code, features).shape == (2, 1, 8, 8)
    with pytest.raises(ValueError, match="features: expected those of all 2 levels, .* got 0"):
        f.decode(code)
