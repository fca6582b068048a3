"""BatchNorm's statistics collected on one kind of input, and how two kinds differ."""

import pytest
import torch
from torch import Generator

from idem.generative.calibration import recalibrate
from idem.generative.decorrelation import BATCH_NORMS
from idem.generative.noise import GaussianNoise
from idem.generative.udcgan import UDCGAN
from stages.common import params
from stages.evaluation import collected, statistics
from tests import ROOT

IMAGES = torch.randint(0, 255, (32, 1, 8, 8), generator=Generator().manual_seed(0)).byte()
NOISE = GaussianNoise(IMAGES.shape[1:])


def network() -> UDCGAN:
    return UDCGAN(IMAGES.shape[1:], [3, 4], 2, generator=Generator().manual_seed(1))


def state(f: UDCGAN) -> dict[str, torch.Tensor]:
    return {name: value for name, value in f.state_dict().items() if "running" in name}


def test_statistics_of_both_are_those_of_recalibration():
    f, expected = network(), network()
    recalibrate(expected, IMAGES, NOISE, batches=3, batch_size=8, seed=5)
    generator = Generator().manual_seed(5)
    both = [
        batch
        for _ in range(3)
        for batch in (collected.draw(IMAGES, 8, generator), NOISE.sample(8, generator))
    ]
    collected.collect(f, both)
    for name, value in state(expected).items():
        torch.testing.assert_close(state(f)[name], value, rtol=0, atol=0)


@pytest.mark.parametrize("of", [collected.DATA, collected.NOISE])
def test_the_first_layer_has_the_moments_of_what_it_was_given(of: str):
    f, given = network(), list(collected.passes(of, IMAGES, NOISE, 4, 8, seed=2))
    assert len(given) == 4 and all(batch.shape == (8, 1, 8, 8) for batch in given)
    if of == collected.DATA:
        assert max(float(batch.abs().max()) for batch in given) <= 1
    seen = []
    first = next(m for m in f.modules() if isinstance(m, BATCH_NORMS))
    hook = first.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    collected.collect(f, given)
    hook.remove()
    means = torch.stack([x.mean((0, 2, 3)) for x in seen]).mean(0)
    torch.testing.assert_close(first.running_mean, means)
    assert first.momentum is not None, "as it was"


def test_two_batches_of_one_kind_agree_and_of_two_kinds_do_not():
    f = network()
    x, z = (
        torch.rand(8, 1, 8, 8) - 0.5,
        torch.randn(8, 1, 8, 8, generator=Generator().manual_seed(3)),
    )
    alike, apart = collected.by_layer(f, x, x), collected.by_layer(f, x, z)
    assert [row["place"] for row in alike] == list(range(1, len(alike) + 1))
    assert len({row["layer"] for row in alike}) == len(alike)
    assert max(row["disagreement"] for row in alike) == pytest.approx(0, abs=1e-6)
    assert max(row["disagreement"] for row in apart) > 0.01


def test_every_run_is_a_unit(monkeypatch):
    names = {(name, seed): [name, seed] for name in ("ign", "modified") for seed in (10, 11)}
    monkeypatch.setattr(statistics.runs, "data_digest", lambda *_: "images")
    monkeypatch.setattr(statistics.weights, "keys", lambda *_: names)
    everything = params.read(ROOT / "stages/pipelines/study/params.yaml", params.MNISTStudy)
    chosen = everything.statistics.model_copy(update={"models": ["ign", "modified"]})
    train = everything.train.model_copy(update={"seeds": [10, 11]})
    units = statistics.plan(
        everything.model_copy(update={"train": train, "statistics": chosen})
    ).units
    runs = [f"{name}_{seed}" for name in ("ign", "modified") for seed in (10, 11)]
    assert [unit.label for unit in units] == [f"statistics_mnist_{run}" for run in runs]
    assert len({str(unit.key) for unit in units}) == 4
