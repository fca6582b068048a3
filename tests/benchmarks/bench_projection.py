"""`idem.project` against the direct methods and every known iteration, on all cores.

Claim: at n = 1000 it is at least 3, 2 and 2 times faster (gap 0.1, 1e-3, 1e-4) than the projector
from the eigendecomposition and from the ordered Schur form, and 20 times faster than SciPy's signm;
on a batch of 1000 small near-idempotent matrices it is 4 to 8 times faster than torch.linalg.eig
alone, short of the 10 aimed for.

    make bench

Typical output (2 busy cores of a Xeon with AVX-512, shortened; "ratio" is to the seconds of
project, "products" counts an inverse at its price; schemes are told the true spectrum):

    gap      method                    seconds  ratio products  steps
    0.1      project                     0.282    1.0     11.7      4
    0.1      eigen_projector             0.868    3.1
    0.1      ordered Schur               0.933    3.3
    0.1      McWeeny                     0.414    1.5     18.0      9
    0.1      Polar Express               0.285    1.0     12.0      4
    0.1      Newton                      0.236    0.8     11.1      5
    0.001    project                     0.369    1.0     16.1      6
    0.001    torch.linalg.eig alone      0.689    1.9
    0.001    eigen_projector             0.832    2.3
    0.001    ordered Schur               0.926    2.5
    0.001    McWeeny                     0.905    2.5     40.0     20
    0.001    Newton                      0.264    0.7     13.3      6
    0.001    scipy.linalg.signm         21.273   57.7
    0.0001   project                     0.381    1.0     16.1      6
    0.0001   eigen_projector             0.868    2.3
    0.0001   ordered Schur               0.892    2.3

    1000 matrices, n = 32        dtype     project      eig  ratio  projector  ratio
    near-idempotent, noise 0.01  float64    0.0306    0.144    4.7      0.188    6.1
    near-idempotent, noise 0.01  float32    0.0140    0.116    8.3      0.136    9.8
    oblique, gap 0.1             float64    0.0952    0.152    1.6      0.194    2.0

    peak of one call at n = 3000: 6.2 n² beside K, 4 steps
"""

import contextlib
import io
import math
import resource
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice, product
from pathlib import Path
from typing import Any

import torch
from scipy.linalg import signm
from torch import Tensor

from idem.linear import gallery
from idem.linear.counting import Counter
from idem.linear.iterations import SCHEMES, Scheme, Spectrum
from idem.linear.projection import project
from idem.linear.riesz import eigen_projector, exact_projector
from idem.rule.corrector import matrix_residual

SIZE, NORM, GAPS = 1000, 5.0, (0.1, 1e-3, 1e-4)
BATCH, SMALL = 1000, 32
HUGE = 3000
MEMORY = "memory"


def race(works: dict[str, Callable[[], object]], rounds: int = 3) -> dict[str, float]:
    """Return the shortest time of each, all run once a round, so that a busy moment hits all."""
    times = dict.fromkeys(works, math.inf)
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            times[name] = min(times[name], time.perf_counter() - start)
    return times


def draw() -> torch.Generator:
    """Return the same generator every time."""
    return torch.Generator().manual_seed(0)


def spectrum_of(K: Tensor) -> Spectrum:
    """Return what the schemes are told."""
    values = torch.linalg.eigvals(K).real
    low, high = (float(end) for end in values.aminmax())
    return Spectrum(low, high, float((values - 0.5).abs().min()), int((values > 0.5).sum()))


def steps_to_floor(scheme: Scheme, K: Tensor, spectrum: Spectrum) -> int:
    """Return the steps to within 10 times the least residual, looking 6 steps beyond 1e-5."""
    residuals, beyond = [], 0
    for P in islice(scheme.iterate(K, spectrum), 120):
        residuals.append(float(matrix_residual(P, relative=True)))
        beyond += min(residuals) < 1e-5
        if beyond > 6:
            break
    return 1 + next(i for i, r in enumerate(residuals) if r <= 10 * min(residuals))


def run(iterates: Iterator[Tensor], steps: int) -> None:
    """Make these steps and keep none but the last iterate."""
    deque(islice(iterates, steps), maxlen=1)


def quiet(work: Callable[[Any], object], argument: Any) -> None:
    """Keep SciPy from printing its estimate of the error."""
    with contextlib.redirect_stdout(io.StringIO()):
        work(argument)


def one_matrix(gap: float, price: float, with_signm: bool) -> None:
    """Print a line a method: project, the direct ones, every scheme run to its floor."""
    K = gallery.oblique(1, SIZE, gap, NORM, draw())[0]
    works: dict[str, Callable[[], object]] = {
        "project": lambda: project(K),
        "torch.linalg.eig alone": lambda: torch.linalg.eig(K),
        "eigen_projector": lambda: eigen_projector(K),
        "ordered Schur": lambda: exact_projector(K),
    }
    with Counter() as count:
        found = project(K)
    costs = {"project": count.products + price * count.inverses}
    steps = {"project": int(found.steps)}
    spectrum = spectrum_of(K)
    for name, scheme in SCHEMES.items():
        steps[name] = steps_to_floor(scheme, K[None], spectrum)
        costs[name] = steps[name] * (scheme.products + price * scheme.inverses)
        works[name] = lambda s=scheme, n=steps[name]: run(s.iterate(K[None], spectrum), n)
    times = race(works)
    if with_signm:
        X = (2 * K - torch.eye(len(K), dtype=K.dtype)).numpy()
        times |= race({"scipy.linalg.signm": lambda: quiet(signm, X)}, 1)
    for name, taken in times.items():
        cost = f"{costs[name]:8.1f} {steps[name]:6}" if name in costs else ""
        print(f"{gap:<8g} {name:24} {taken:8.3f} {taken / times['project']:6.1f} {cost}".rstrip())


def matrices() -> None:
    """Print parts (a), (b) and (e): one general matrix at a time, and a symmetric one."""
    K = gallery.oblique(1, SIZE, GAPS[0], NORM, draw())[0]
    basic = race({"product": lambda: K @ K, "inverse": lambda: torch.linalg.inv(K)}, 30)
    price = basic["inverse"] / basic["product"]
    print(f"n = {SIZE}, float64, |P| = {NORM:g}: a product {basic['product']:.4f} s,", end=" ")
    print(f"an inverse {basic['inverse']:.4f} s, ratio {price:.2f}\n")
    print("gap      method                    seconds  ratio products  steps")
    for gap in GAPS:
        one_matrix(gap, price, with_signm=gap == GAPS[1])
    K = gallery.oblique(1, SIZE, 0.01, 1.0, draw())[0]
    both = race({"project": lambda: project(K), "eigh": lambda: torch.linalg.eigh(K)}, 60)
    print(f"\nsymmetric: project {both['project']:.3f} s, torch.linalg.eigh {both['eigh']:.3f} s,")
    print(f"overhead {both['project'] / both['eigh'] - 1:.0%}\n")


def batches() -> None:
    """Print part (c): many small matrices."""
    kinds: dict[str, Tensor] = {
        f"near-idempotent, noise {noise:g}": gallery.near_idempotent(
            BATCH, SMALL, SMALL // 2, noise, draw()
        )
        for noise in (0.01, 0.03, 0.1)
    }
    kinds["oblique, gap 0.1"] = gallery.oblique(BATCH, SMALL, 0.1, NORM, draw())
    title = f"{BATCH} matrices, n = {SMALL}"
    print(f"{title:28} dtype     project      eig  ratio  projector  ratio")
    for (name, wide), dtype in product(kinds.items(), (torch.float64, torch.float32)):
        K = wide.to(dtype)
        works: dict[str, Callable[[], object]] = {
            "project": lambda K=K: project(K),
            "eig": lambda K=K: torch.linalg.eig(K),
            "projector": lambda K=K: eigen_projector(K),
        }
        ours, eig, projector = race(works, 5).values()
        print(
            f"{name:28} {str(dtype).removeprefix('torch.'):8} {ours:8.4f} {eig:8.3f}"
            f" {eig / ours:6.1f} {projector:10.3f} {projector / ours:6.1f}"
        )


def memory() -> None:
    """Print part (d), in a process of its own: what one call takes beside its argument."""
    project(gallery.oblique(1, 100, 0.1, NORM, draw()))  # loads the libraries
    K = torch.empty(HUGE, HUGE, dtype=torch.float64).normal_(generator=draw())
    K.mul_(0.3 / math.sqrt(HUGE)).diagonal()[: HUGE // 2].add_(1)
    before = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    steps = int(project(K).steps)
    taken = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"\npeak of one call at n = {HUGE}: {taken / K.nbytes:.1f} n² beside K, {steps} steps")


def main() -> None:
    """Print all parts."""
    if MEMORY in sys.argv:
        return memory()
    print(f"{torch.get_num_threads()} threads")
    project(gallery.oblique(4, 100, 0.1, NORM, draw()))
    matrices()
    batches()
    sys.stdout.flush()
    subprocess.run([sys.executable, __file__, MEMORY], check=True)


if __name__ == "__main__":
    main()
