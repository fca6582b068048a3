"""The DCGAN: its size beside the U-DCGAN's, its losses, and its training against a plain loop."""

import copy
import math
from dataclasses import replace

import pytest
import torch
import yaml
from torch import Generator, nn

from idem.checkpoint import Checkpoint, OutOfTime
from idem.generative.dcgan import (
    DCGAN,
    PARTS,
    discriminator_loss,
    generator_loss,
    parameter_counts,
    sample_codes,
    train_dcgan,
)
from idem.generative.optimization import Optimization
from idem.generative.state import TrainingState, begin
from idem.generative.training import Validation
from idem.generative.udcgan import UDCGAN
from tests import ROOT
from tests.idem.generative.test_training import CutAfter, same, same_networks

SHAPE = (1, 8, 8)
IMAGES = torch.randint(0, 100, (40, *SHAPE), generator=Generator().manual_seed(0)).byte()
PARAMETERS = ROOT / "params.yaml"


def network(seed: int = 0) -> DCGAN:
    return DCGAN(SHAPE, (4, 6), 3, rng=Generator().manual_seed(seed))


def new_state(seed: int = 0, **options) -> TrainingState:
    model = network(seed)
    networks = {"generator": model.generator, "discriminator": model.discriminator}
    return begin(networks, Optimization(**options), seed=seed)


def run(state: TrainingState, steps: int = 6, images=IMAGES, **options) -> TrainingState:
    model, optimization = network(), replace(state.optimization, steps=steps, batch_size=8)
    for part, f in state.networks.items():
        setattr(model, part, f)
    return train_dcgan(model, images, optimization, state=state, **options)


def test_the_state_of_another_model_is_refused():
    with pytest.raises(ValueError, match="state: expected that of an earlier run of these"):
        train_dcgan(network(), IMAGES, state=new_state())


def count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("shape", "channels", "bottleneck"),
    [((1, 32, 32), None, None), ((3, 64, 64), (64, 128, 256, 512), 256)],
    ids=["laptop", "celeba"],
)
def test_it_has_the_parameters_of_the_udcgan_within_two_percent(shape, channels, bottleneck):
    train = yaml.safe_load(PARAMETERS.read_text())["train"]
    levels = channels or train["channels"], bottleneck or train["bottleneck"]
    counts = parameter_counts(DCGAN(shape, *levels))
    expected = count(UDCGAN(shape, *levels))
    assert sum(counts.values()) == pytest.approx(expected, rel=0.02)
    assert counts["generator"] == pytest.approx(counts["discriminator"], rel=0.02)


def test_the_generator_is_the_decoder_half_of_the_udcgan():
    f, model = UDCGAN(SHAPE, (4, 6), 3), network()
    for i, level in enumerate(reversed(f.decoder)):
        model.generator.decoder[i].load_state_dict(level.state_dict())
    model.generator.expand.load_state_dict(f.expand.state_dict())
    code = torch.randn(5, 3, generator=Generator().manual_seed(1))
    assert torch.equal(model.generator(code), f.decode(code[..., None, None]))


@pytest.mark.parametrize("normalization", ["batch", "group", "none"])
def test_shapes_ranges_and_gradients(normalization):
    model = DCGAN(SHAPE, (4, 6), 3, normalization)
    images = model.generator(10 * torch.randn(5, 3, generator=Generator().manual_seed(1)))
    assert images.shape == (5, *SHAPE) and images.abs().max() <= 1
    logits = model.discriminator(images)
    assert logits.shape == (5,)
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_weights_are_drawn_as_the_source_has_them_and_from_the_generator_given():
    model = DCGAN((1, 32, 32), (32, 64, 128), 64, rng=Generator().manual_seed(0))
    spreads = [p.std().item() for p in model.parameters() if p.dim() == 4 and p.numel() > 1e4]
    assert len(spreads) == 6 and spreads == pytest.approx([0.02] * 6, rel=0.03)
    assert same(network(0), network(0)) and not same(network(0), network(1))


def test_losses_are_their_definitions_and_know_their_optimum():
    real, generated = torch.tensor([1.5, -0.5]).double(), torch.tensor([0.3, 2.0]).double()
    expected = -real.sigmoid().log().mean() - (1 - generated.sigmoid()).log().mean()
    torch.testing.assert_close(discriminator_loss(real, generated), expected)
    torch.testing.assert_close(generator_loss(generated), -generated.sigmoid().log().mean())
    undecided = torch.zeros(4)
    assert discriminator_loss(undecided, undecided).item() == pytest.approx(2 * math.log(2))
    sure = torch.full((4,), 30.0)
    assert discriminator_loss(sure, -sure).item() == pytest.approx(0.0, abs=1e-9)


def test_the_generators_gradient_does_not_vanish_where_the_discriminator_is_sure():
    logits = torch.full((4,), -20.0, requires_grad=True)
    generator_loss(logits).backward()
    assert logits.grad is not None
    torch.testing.assert_close(logits.grad, torch.full((4,), -0.25))


def slow_steps(model: DCGAN, steps: int) -> None:
    """Train line by line, as the reference implementation of DCGAN does."""
    settings = {"lr": 2e-4, "betas": (0.5, 0.999)}
    G, D = model.generator, model.discriminator
    of_G = torch.optim.Adam(G.parameters(), **settings)
    of_D = torch.optim.Adam(D.parameters(), **settings)
    rng, bce = Generator().manual_seed(0), nn.BCEWithLogitsLoss()
    for _ in range(steps):
        x = IMAGES[torch.randint(40, (8,), generator=rng)] / 127.5 - 1
        fake = G(torch.randn(8, 3, generator=rng))
        D.zero_grad()
        (bce(D(x), torch.ones(8)) + bce(D(fake.detach()), torch.zeros(8))).backward()
        of_D.step()
        G.zero_grad()
        bce(D(fake), torch.ones(8)).backward()
        of_G.step()


def test_a_run_equals_a_plain_loop():
    state, slow = run(new_state(), steps=4), network()
    slow_steps(slow, 4)
    assert all(same(f, slow.get_submodule(part)) for part, f in state.networks.items())
    assert all(
        parameter.requires_grad for f in state.networks.values() for parameter in f.parameters()
    )


def test_the_losses_are_logged_and_the_generator_is_averaged():
    state = run(new_state(ema_decay=0.0), steps=1)
    assert [set(row) for row in state.history] == [{"step", *PARTS}]
    assert same(state.weights()["ema"], state.networks["generator"])


def spread(generators) -> dict[str, float]:
    """Measure copies, whose statistics may move, with codes from another source."""
    codes = sample_codes(8, 3, Generator().manual_seed(9))
    with torch.no_grad():
        images = {kind: copy.deepcopy(generators[kind])(codes) for kind in ("raw", "ema")}
    return {"spread": images["ema"].std().item(), "raw": images["raw"].std().item()}


@pytest.mark.parametrize("stop", [1, 4, 5])
def test_a_run_that_was_cut_goes_on_from_its_checkpoint_to_the_same_bytes(tmp_path, stop):
    path, validation = tmp_path / "run.npz", Validation(spread, "spread", every=2)
    options = {"log_every": 4, "validation": validation}
    whole = run(new_state(), **options)
    with pytest.raises(OutOfTime):
        run(new_state(), checkpoint=CutAfter(path, stop), **options)
    assert Checkpoint(path).notes()["step"] == stop
    cut = run(new_state(seed=5), checkpoint=Checkpoint(path), **options)
    assert same_networks(cut, whole) and same(cut.weights()["best"], whole.weights()["best"])
    assert (cut.history, cut.validations) == (whole.history, whole.validations)
    assert torch.equal(cut.generator.get_state(), whole.generator.get_state())


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("generator", "DCGAN: loss not finite at step 1: discriminator nan, generator nan; lower"),
        ("discriminator", "DCGAN: loss not finite at step 1: discriminator nan"),
    ],
)
def test_a_loss_that_is_not_finite_stops_the_run(part, message):
    state = new_state()
    next(state.networks[part].parameters()).data.fill_(math.nan)
    with pytest.raises(FloatingPointError, match=message):
        run(state, log_every=2)
    assert state.step == 1 and not state.history


def test_training_teaches_the_discriminator_to_tell_data_from_noise():
    """One side alone must learn: with a generator at rest the discriminator's loss falls."""
    state = new_state(learning_rate=0.01)
    state.optimizers["generator"].register_step_pre_hook(
        lambda optimizer, *_: optimizer.zero_grad()  # an Adam that has no gradient moves nothing
    )
    rows = run(state, steps=40, log_every=10).history
    assert rows[-1]["discriminator"] < 0.5 * rows[0]["discriminator"]


def test_a_wrong_decay_and_wrong_images_are_refused():
    with pytest.raises(ValueError, match="ema_decay: expected 0 to below 1, got 1.5"):
        new_state(ema_decay=1.5)
    with pytest.raises(ValueError, match=r"expected uint8 .*, got torch.float32"):
        run(new_state(), images=IMAGES.float())


def test_a_network_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="expected a side divisible by"):
        DCGAN((1, 10, 10), (4, 6), 3)
