"""What a training step of `idem.generative.training` takes beside the bare passes of its rule.

Asked: all that a step does besides its passes forward and back, Adam and the exponential average
left out, takes at most 5 % of them: choosing the batch, its conversion from uint8, the noise, the
losses, the checks and the record. Adam and the average are listed on their own, as are the batch
and the noise. Bare passes are, in training mode, on fixed batches and without any loss:

    none        f(x), and back
    modified    the same, f(z), f(f(z)) and f(f(f(z))), of which f(z) is recorded, and back
    recipe      as modified, whose step blends noise into the data
    ordinary    the same, f(z) and f(f(z)), and back through both
    ign         the same, f(z), f(f(z)) by a copy whose weights get no gradient, f of f(z) held
                fixed, and back

Networks: the U-DCGAN of params.yaml with its batch size on images of 32x32, and one for images of
CelebA's size, 64-128-256-512 on 3x64x64, twice as wide as that of its pipeline. Second table: the
bare passes of the modified rule, images stored channel by channel or with channels innermost, in
float32 or under autocast to bfloat16.

All variants are timed in turns, in CPU time of one thread; on a GPU (`IDEM_DEVICE`) in wall-clock
seconds until it has finished. Ratios are of the minima, which others on the machine disturb least,
and beside them the median of the ratios of all rounds.

    make bench

Found: the rest is 1 to 4 % under every rule, on both networks, and 7 % under none on the smaller
one, whose step is 31 ms. Adam and the average are 2 ms of a step of 31 to 109, or 14 of 487 to
1 752. Channels innermost are 1.1 to 1.2 times as fast, bfloat16 on a processor that has it 1.4 to
1.7 times on top.

Typical output (one core of an AMD EPYC with AVX-512 and bfloat16, tests on the other one):

    network rule       step ms   bare ms    min median  less Adam, average: min median
    laptop  none         31.26     27.55  1.135  1.136                    1.067  1.072
    laptop  modified     79.63     75.37  1.056  1.061                    1.032  1.036
    laptop  ordinary     87.70     84.31  1.040  1.046                    1.018  1.025
    laptop  ign         109.44    105.78  1.035  1.035                    1.017  1.018
    laptop  of a step, in ms: adam 1.34, average 0.54, batch 0.18, noise 0.64; 23 rounds
    laptop  torch.contiguous_format  float32       86.03 ms,  1.00 times as fast
    laptop  torch.contiguous_format  bfloat16      57.68 ms,  1.49 times as fast
    laptop  torch.channels_last      float32       72.35 ms,  1.19 times as fast
    laptop  torch.channels_last      bfloat16      50.80 ms,  1.69 times as fast
    CelebA  none        486.61    463.12  1.051  1.062                    1.019  1.032
    CelebA  modified   1257.55   1230.22  1.022  1.019                    1.010  1.008
    CelebA  ordinary   1433.03   1393.32  1.029  1.032                    1.018  1.022
    CelebA  ign        1751.71   1688.90  1.037  1.045                    1.029  1.036
    CelebA  of a step, in ms: adam 11.94, average 2.52, batch 0.74, noise 5.02; 6 rounds
    CelebA  torch.contiguous_format  float32     1385.05 ms,  1.00 times as fast
    CelebA  torch.contiguous_format  bfloat16     773.38 ms,  1.79 times as fast
    CelebA  torch.channels_last      float32     1221.05 ms,  1.13 times as fast
    CelebA  torch.channels_last      bfloat16     724.07 ms,  1.91 times as fast

On a GPU a step waits for its kernels to be launched, by one core of the machine, and 5 % is not
met: the rest is 11 to 19 % (26 % under none on the smaller network). Neither layout nor precision
matters, and the larger network takes hardly longer. Side by side, 13 runs of MNIST's network made
about 220 steps a second in all, 2 cores make 25.

Output of `IDEM_DEVICE=cuda`, 8 seconds a case (one NVIDIA H200, PyTorch 2.11; the
average converted a number for each of its tensors then, which it no longer does):

    network rule       step ms   bare ms    min median  less Adam, average: min median
    laptop  none          8.83      5.04  1.750  1.706                    1.260  1.278
    laptop  modified     17.27     13.28  1.300  1.298                    1.114  1.118
    laptop  recipe       17.07     12.43  1.374  1.334                    1.175  1.170
    laptop  ordinary     18.01     13.08  1.378  1.318                    1.189  1.163
    laptop  ign          22.25     16.69  1.333  1.317                    1.185  1.191
    laptop  of a step, in ms: adam 0.80, average 1.67, batch 0.17, noise 0.30; 12 rounds
    laptop  torch.contiguous_format  float32       11.64 ms,  1.00 times as fast
    laptop  torch.contiguous_format  bfloat16      12.76 ms,  0.91 times as fast
    laptop  torch.channels_last      float32       11.45 ms,  1.02 times as fast
    laptop  torch.channels_last      bfloat16      12.01 ms,  0.97 times as fast
    CelebA  none         10.18      6.26  1.627  1.681                    1.183  1.308
    CelebA  modified     20.18     15.12  1.335  1.377                    1.151  1.225
    CelebA  recipe       20.32     14.82  1.371  1.376                    1.184  1.227
    CelebA  ordinary     20.89     15.32  1.363  1.297                    1.182  1.149
    CelebA  ign          27.93     21.74  1.285  1.284                    1.157  1.180
    CelebA  of a step, in ms: adam 0.85, average 1.93, batch 0.17, noise 0.32; 38 rounds
    CelebA  torch.contiguous_format  float32       17.04 ms,  1.00 times as fast
    CelebA  torch.contiguous_format  bfloat16      17.60 ms,  0.97 times as fast
    CelebA  torch.channels_last      float32       15.82 ms,  1.08 times as fast
    CelebA  torch.channels_last      bfloat16      16.65 ms,  1.02 times as fast
"""

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import torch
import yaml
from torch import Generator, Tensor, nn

from idem.data.datasets import draw, to_unit
from idem.generative.ign import IGN
from idem.generative.noise import FourierNoise
from idem.generative.objective import Objective
from idem.generative.optimization import Optimization
from idem.generative.state import TrainingState, begin
from idem.generative.training import train
from idem.generative.udcgan import UDCGAN
from stages.common.engine import device

DEVICE = device()
PARAMETERS = Path(__file__).parents[2] / "params.yaml"
RULES = {
    "none": Objective("none"),
    "modified": Objective("modified"),
    "recipe": Objective("modified", data_noise=0.5),
    "ordinary": Objective("ordinary"),
    "ign": Objective(IGN()),
}


class Case(NamedTuple):
    """A network, what it is trained on, and how long to measure how many steps at once.

    One call of `train` makes these steps; its own start, no part of them, counts with few.
    """

    name: str
    image_shape: tuple[int, int, int]
    channels: list[int]
    bottleneck: int
    batch_size: int
    seconds: float
    steps: int


def cases() -> list[Case]:
    """Return the laptop's network and CelebA's."""
    section = yaml.safe_load(PARAMETERS.read_text())["train"]
    own = section["channels"], section["bottleneck"], section["batch_size"]
    return [
        Case("laptop", (1, 32, 32), *own, seconds=60.0, steps=4),
        Case("CelebA", (3, 64, 64), [64, 128, 256, 512], 128, 64, seconds=60.0, steps=1),
    ]


def network(case: Case, layout: torch.memory_format = torch.channels_last) -> UDCGAN:
    """Return the case's network as stage train makes it."""
    rng = Generator().manual_seed(0)
    f = UDCGAN(case.image_shape, case.channels, case.bottleneck, generator=rng)
    return f.to(DEVICE, memory_format=layout)  # pyright: ignore[reportCallIssue]


def bare(f: nn.Module, held: nn.Module, x: Tensor, z: Tensor, rule: str) -> None:
    """Make the passes of a step and nothing else."""
    f.zero_grad()
    ends = [f(x)]
    if rule in ("modified", "recipe"):
        ends.append(f(z))
        with torch.no_grad():
            f(f(ends[-1]))
    if rule == "ordinary":
        ends.append(f(f(z)))
    if rule == "ign":
        y = f(z)
        ends += [held(y), f(y.detach())]
    torch.autograd.backward(ends, [x] * len(ends))


def make_steps(
    state: TrainingState, images: Tensor, noise: FourierNoise, case: Case, objective: Objective
) -> None:
    """Make some steps as stage train makes them."""
    steps, size = state.step + case.steps, case.batch_size
    optimization = replace(state.optimization, steps=steps, batch_size=size)
    train(state.model, images, noise, objective, optimization, state=state)


def repeat(count: int, work: Callable[[], object]) -> None:
    """Do something so many times."""
    for _ in range(count):
        work()


def milliseconds(
    works: Mapping[str, Callable[[], object]], seconds: float
) -> dict[str, list[float]]:
    """Return the times of each, taken in turns, three times at least."""
    times: dict[str, list[float]] = {name: [] for name in works}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(next(iter(times.values()))) < 3:
        for name, work in works.items():
            start_of = clock()
            work()
            times[name].append((clock() - start_of) * 1e3)
    return times


def clock() -> float:
    """Return seconds: of this process, or of a GPU when it has done all it was told to."""
    if DEVICE == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def compare_steps(case: Case) -> None:
    """Print the steps of all rules on one network."""
    images = torch.randint(0, 256, (256, *case.image_shape), dtype=torch.uint8, device=DEVICE)
    noise, rng = FourierNoise.fit(images), Generator(DEVICE).manual_seed(0)
    x, z = to_unit(images[: case.batch_size]), noise.sample(case.batch_size, rng)
    f = network(case)
    held = copy.deepcopy(f).requires_grad_(False)
    state = begin({"model": f}, Optimization(), seed=0)
    make_steps(state, images, noise, case, RULES["modified"])
    works: dict[str, Callable[[], object]] = {
        "adam": state.optimizers["model"].step,
        "average": state.average,
        "batch": partial(draw, images, case.batch_size, rng),
        "noise": partial(noise.sample, case.batch_size, rng),
    }
    for name, objective in RULES.items():
        works[f"step {name}"] = partial(make_steps, state, images, noise, case, objective)
        works[f"bare {name}"] = partial(repeat, case.steps, partial(bare, f, held, x, z, name))
    times = milliseconds(works, case.seconds)
    least = {name: min(found) for name, found in times.items()}
    print("network rule       step ms   bare ms    min median  less Adam, average: min median")
    for name in RULES:
        ours, floor = times[f"step {name}"], times[f"bare {name}"]
        own = case.steps * (least["adam"] + least["average"])
        ratios = [a / b for a, b in zip(ours, floor, strict=True)]
        rest = [(a - own) / b for a, b in zip(ours, floor, strict=True)]
        print(
            f"{case.name}  {name:8} {min(ours) / case.steps:9.2f} {min(floor) / case.steps:9.2f}"
            f" {min(ours) / min(floor):6.3f} {median(ratios):6.3f}"
            f" {(min(ours) - own) / min(floor):24.3f} {median(rest):6.3f}"
        )
    parts = ", ".join(f"{part} {least[part]:.2f}" for part in list(works)[:4])
    print(f"{case.name}  of a step, in ms: {parts}; {len(times['adam'])} rounds")


def compare_layouts(case: Case) -> None:
    """Print the bare passes of the modified rule in both layouts and precisions."""
    works: dict[str, Callable[[], object]] = {}
    for layout in (torch.contiguous_format, torch.channels_last):
        f = network(case, layout)
        x = torch.randn(case.batch_size, *case.image_shape, device=DEVICE)
        x = x.to(memory_format=layout)
        for bfloat16 in (False, True):
            works[f"{str(layout):24} {'bfloat16' if bfloat16 else 'float32'}"] = partial(
                autocast_bare, f, x, bfloat16
            )
    times = {name: min(of) for name, of in milliseconds(works, case.seconds / 2).items()}
    plain = times[f"{str(torch.contiguous_format):24} float32"]
    for name, found in times.items():
        print(f"{case.name}  {name:34} {found:9.2f} ms, {plain / found:5.2f} times as fast")


def autocast_bare(f: nn.Module, x: Tensor, bfloat16: bool) -> None:
    """Make the passes of the modified rule, under autocast or not."""
    with torch.autocast(x.device.type, torch.bfloat16, enabled=bfloat16):
        f.zero_grad()
        ends = [f(x), f(x)]
        with torch.no_grad():
            f(f(ends[-1].detach()))
    torch.autograd.backward(ends, [x.to(end.dtype) for end in ends])


def main() -> None:
    """Print a line a network and rule, then one a layout and precision."""
    torch.set_num_threads(1)
    for case in cases():
        compare_steps(case)
        compare_layouts(case)


if __name__ == "__main__":
    main()
