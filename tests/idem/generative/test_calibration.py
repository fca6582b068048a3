import torch
from torch import Generator

from idem.generative.calibration import recalibrate
from idem.generative.noise import GaussianNoise
from idem.generative.udcgan import UDCGAN
from tests.idem.generative.test_objective import IMAGES, SHAPE, new_state, run


def test_recalibrated_statistics_are_the_mean_over_data_and_noise():
    f, noise = run(new_state()).model, GaussianNoise(SHAPE)
    assert isinstance(f, UDCGAN)
    weights = [parameter.clone() for parameter in f.parameters()]
    recalibrate(f, IMAGES, noise, batches=5, batch_size=8, seed=3)
    names = ("squeeze.1.running_mean", "squeeze.1.running_var")
    found = [f.state_dict()[name].clone() for name in names]
    generator, means, covariances = Generator().manual_seed(3), [], []
    for _ in range(5):
        x = IMAGES[torch.randint(40, (8,), generator=generator)] / 127.5 - 1
        for batch in (x, torch.randn(8, *SHAPE, generator=generator)):
            codes = f.squeeze[0](f.encode(batch)[1][-1]).flatten(1)
            means.append(codes.mean(0))
            covariances.append(codes.T.cov())
    assert torch.allclose(found[0], torch.stack(means).mean(0), atol=1e-6)
    assert torch.allclose(found[1], torch.stack(covariances).mean(0), rtol=1e-4, atol=1e-7)
    assert all(torch.equal(a, b) for a, b in zip(weights, f.parameters(), strict=True))
    assert f.squeeze[1].momentum == 0.1
