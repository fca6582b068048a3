"""A denoiser that leaves its own output alone: idempotency added to an ordinary training.

Task: take noise out of images of two soft strokes, 8x8 pixels, drawn here. Claim: a network that is
trained on noisy images alone smooths its own output once more; one term beside the task's loss
teaches it to stop. The ordinary rule lowers the relative idempotent error 3.1 to 3.4 times over
three seeds, at 0.13 dB. The modified rule moves only f(z), which the task holds in place, and
helps little, at any weight (`tests/benchmarks/bench_weights.py`).

    python tests/examples/denoiser.py    # a quarter of a minute; needs the library alone

Typical output:

    rule        relative error   PSNR of f(z)   of f(f(z))
    none                 0.566       13.45 dB     12.96 dB
    ordinary             0.167       13.32 dB     13.22 dB
    modified             0.533       13.37 dB     12.83 dB
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

import idem

NOISE = 1.5  # its standard deviation
ROWS = ((None, 0.0), ("ordinary", 3.0), ("modified", 1.0))  # rule and its weight


def network(pixels: int) -> nn.Module:
    """Return a network from noisy to clean images, flattened, with a narrow code between."""
    encoder = nn.Sequential(nn.Linear(pixels, 128), nn.LeakyReLU(0.2), nn.Linear(128, 8))
    decoder = nn.Sequential(nn.Linear(8, 128), nn.LeakyReLU(0.2), nn.Linear(128, pixels))
    return nn.Sequential(encoder, decoder, nn.Tanh())


def train(images: Tensor, rule: str | None, weight: float, steps: int, seed: int) -> nn.Module:
    """Train a denoiser on flat images in [-1, 1], (count, pixels); without any rule if it is None.

    The scale ``mean`` makes the term comparable with `mse_loss`.
    """
    torch.manual_seed(seed)
    f = network(images.shape[1])
    optimizer = torch.optim.Adam(f.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, steps)
    for _ in range(steps):
        x = images[torch.randint(len(images), (64,))]
        z = x + NOISE * torch.randn_like(x)
        loss = mse_loss(f(z), x)
        if rule is not None:
            loss = loss + weight * idem.idempotency_loss(f, z, rule, scale="mean")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return f


@torch.no_grad()
def measure(f: nn.Module, images: Tensor) -> tuple[float, float, float]:
    """Return the relative idempotent error and the PSNR, in dB, after one and two applications."""
    generator = torch.Generator().manual_seed(1)
    y = f(images + NOISE * torch.randn(images.shape, generator=generator))
    u = f(y)
    return float(idem.relative_error(y, u)), psnr(y, images), psnr(u, images)


def psnr(y: Tensor, images: Tensor) -> float:
    """Return the peak signal-to-noise ratio of images in [-1, 1], in dB."""
    return float(10 * torch.log10(4 / mse_loss(y, images)))


def strokes(count: int, seed: int) -> Tensor:
    """Draw two soft straight strokes on each image of 8x8 pixels, flattened, in [-1, 1]."""
    generator = torch.Generator().manual_seed(seed)
    start, end = torch.rand(2, count, 2, 1, 2, generator=generator)
    points = (start + (end - start) * torch.linspace(0, 1, 12)[:, None]).flatten(1, 2)
    axis = torch.linspace(-0.1, 1.1, 8)
    pixels = torch.cartesian_prod(axis, axis)
    nearest = torch.cdist(points, pixels.expand(count, -1, -1)).amin(1)
    return 2 * torch.exp(-nearest.square() / 0.02) - 1


def compare(steps: int = 1000, seed: int = 0) -> dict[str, tuple[float, float, float]]:
    """Return what `measure` finds for each rule, from the same start and on the same batches."""
    train_images, test_images = strokes(4000, seed=0), strokes(1000, seed=1)
    return {
        rule or "none": measure(train(train_images, rule, weight, steps, seed), test_images)
        for rule, weight in ROWS
    }


def main() -> None:
    """Print the comparison."""
    print("rule        relative error   PSNR of f(z)   of f(f(z))")
    for rule, (error, once, twice) in compare().items():
        print(f"{rule:<10}{error:16.3f}{once:12.2f} dB{twice:10.2f} dB")


if __name__ == "__main__":
    main()
