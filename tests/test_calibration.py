import torch
from torch import Generator

from idem.calibration import recalibrate
from idem.noise import GaussianNoise
from idem.udcgan import UDCGAN
from tests.test_training import IMAGES, SHAPE, new_state, run


def test_recalibrated_statistics_are_the_mean_over_data_and_noise():
    f, noise = run(new_state()).model, GaussianNoise(SHAPE)
    assert isinstance(f, UDCGAN)
    weights = [parameter.clone() for parameter in f.parameters()]
    recalibrate(f, IMAGES, noise, batches=5, batch_size=8, seed=3)
    found = f.state_dict()["squeeze.1.running_mean"].clone()
    generator, means = Generator().manual_seed(3), []
    for _ in range(5):
        x = IMAGES[torch.randint(40, (8,), generator=generator)] / 127.5 - 1
        for batch in (x, torch.randn(8, *SHAPE, generator=generator)):
            means.append(f.squeeze[0](f.encode(batch)[1][-1]).mean((0, 2, 3)))
    assert torch.allclose(found, torch.stack(means).mean(0), atol=1e-6)
    assert all(torch.equal(a, b) for a, b in zip(weights, f.parameters(), strict=True))
    assert f.squeeze[1].momentum == 0.1
