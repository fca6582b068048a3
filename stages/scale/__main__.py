"""Say what a larger machine would bring: the page `metrics/benchmarks/scale.md`.

    python -m stages.scale

Its numbers are of `scale.json` beside it, measured by `tests/benchmarks/bench_scale.py`, of the
finished units of the paper's pipeline, which carry their seconds, and of the parameters; the rest
is simulation (`stages.scale.simulation`).
"""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from idem.data.celeba import SPLITS
from idem.sweeps.grid import Grid
from idem.sweeps.mlp import parameter_count
from stages.common import params, units
from stages.common.files import write_text
from stages.common.params.pipelines import file_of
from stages.scale.simulation import (
    LIMITS_AND_TAIL,
    Rates,
    Work,
    breaks_at,
    share_computing,
    wall_time,
)
from stages.sweeps.sweep import grid_of
from stages.text.render import render
from stages.travel.archive import LIMIT

FOLDER, UNITS = Path("metrics/benchmarks"), Path("metrics/paper/units")
WORKERS = (1, 8, 64, 1024)
MOST = 2**14  # workers that are tried
AUTHORS_HIGHEST = 0.97  # of their learning rates
HUNDREDFOLD = 100
IMAGENET = 1_281_167  # training images; Russakovsky et al., arXiv 1409.0575, table 2
MNIST = 60_000  # of which the validation images are kept back
PRICE = 0.04  # dollars an hour of a core: an assumption, about what clouds ask
_SEED = 0


class Scenario(NamedTuple):
    """What is to be computed, by name, and the bytes of its finished units together."""

    name: str
    work: Work
    results: float


def main() -> None:
    """Write the page."""
    measured = json.loads((FOLDER / "scale.json").read_text(encoding="utf-8"))
    found = map(units.read, sorted(UNITS.glob(f"*{units.SUFFIX}")))
    finished = [unit for unit in found if of_lanes(unit) and not _left_early(unit)]
    if not finished:
        sys.exit(f"{UNITS}: expected finished lanes, whose seconds are counted on, got none")
    sizes = [path.stat().st_size for path in UNITS.glob(f"*{units.SUFFIX}")]
    write_text(FOLDER / "scale.md", page(measured, finished, float(np.mean(sizes))))


def page(measured: Mapping[str, Any], finished: Sequence[units.Finished], size: float) -> str:
    """Return the page.

    Args:
        measured: what the benchmark has written.
        finished: units, whose seconds are counted on.
        size: bytes of one, in the mean.
    """
    rates = Rates(**measured["rates"])
    found = scenarios(measured, finished, size)
    return render(
        "scale",
        measured=measured,
        rates=rates,
        times=[_times(scenario, rates) for scenario in found],
        limits=[_limits(scenario, rates) for scenario in found],
        reasons=LIMITS_AND_TAIL,
        workers=WORKERS,
        finished=len(finished),
        spread=np.quantile(spread(finished), (0.1, 0.9)),
        size=size,
        portable=int(LIMIT / size),
        scenarios=found,
        price=PRICE,
        most=MOST,
    )


def scenarios(
    measured: Mapping[str, Any], finished: Sequence[units.Finished], size: float
) -> list[Scenario]:
    """Return the authors' grid, a hundred of it, and the study's trainings on more images."""
    grids = authors_grids()
    once, often = (sweep(grids, measured, finished, runs) for runs in (1, HUNDREDFOLD))
    celeba = training(measured["generation"], len(SPLITS["train"]))
    imagenet = training(measured["generation"], IMAGENET)
    named = {
        "the authors' grid": once,
        f"{HUNDREDFOLD} times as many runs": often,
        "all of CelebA": celeba,
        "as many images as ImageNet": imagenet,
    }
    return [Scenario(name, work, size * len(work.seconds)) for name, work in named.items()]


def authors_grids() -> dict[str, Grid]:
    """Return the sweeps at the authors' own rates: 20 rates, 10 runs, 2 500 steps, both rules."""
    section = params.read(Path(file_of("paper")), params.Paper).sweep
    grids = {name: grid_of(section, network) for name, network in section.networks.items()}
    rates = {n: [r for r in g.rates("modified") if r <= AUTHORS_HIGHEST] for n, g in grids.items()}
    return {name: replace(grid, learning_rates=rates[name]) for name, grid in grids.items()}


def sweep(
    grids: Mapping[str, Grid],
    measured: Mapping[str, Any],
    finished: Sequence[units.Finished],
    times: int,
) -> Work:
    """Return the units of all networks, with so many times the runs, longest first.

    The seconds of a unit are its operations at the speed measured for its network, as finished
    units may be of busy cores, times how far some finished unit was from the median of its kind.
    Lanes that diverge leave early: not counted.
    """
    speeds = measured["operations_per_second"]
    lanes = [(n, g, len(unit.learning_rates)) for n, g in grids.items() for unit in g.units()]
    usual = np.array([grid.operations(count) / speeds[name] for name, grid, count in lanes])
    saved = [4 * count * parameter_count(grid.widths) for _, grid, count in lanes]
    drawn = np.random.default_rng(_SEED).choice(spread(finished), times * len(usual))
    seconds = np.sort(np.repeat(usual, times) * drawn)[::-1]
    return Work(seconds.tolist(), float(np.average(saved, weights=usual)), 0)


def spread(finished: Sequence[units.Finished]) -> np.ndarray:
    """Return how long each chunk of lanes took, over what is usual for its network and rule."""
    kinds: dict[str, list[float]] = {}
    for unit in finished:
        widths, speed = _speed(unit)
        kinds.setdefault(f"{widths} {unit.identity.key[1]}", []).append(1 / speed)
    return np.concatenate([np.array(of) / np.median(of) for of in kinds.values()])


def of_lanes(unit: units.Finished) -> bool:
    """Tell whether a unit is a chunk of lanes, and no route or network with centred layers.

    By its key, which `stages.sweeps.sweep.plan_of` makes: grid, rule, run, rates and precision.
    """
    return len(unit.identity.key) == 5 and isinstance(unit.identity.key[1], str)


def _left_early(unit: units.Finished) -> bool:
    """Tell whether a lane diverged, after which it takes no time."""
    return any(row["diverged"] for row in unit.result)


def _speed(unit: units.Finished) -> tuple[list[int], float]:
    """Return the widths of a unit's network and its operations a second."""
    of_all, _, _, rates, *_ = unit.identity.key
    known = {name: of_all[name] for name in ("widths", "steps", "batch_size", "log_every")}
    grid = Grid(**known, learning_rates=rates, runs=1, memory=2**40)
    return grid.widths, grid.operations(len(rates)) / unit.provenance.seconds


def training(measured: Mapping[str, Any], images: int) -> Work:
    """Return CelebA's models and seeds with as many passes over so many images as over MNIST.

    The seconds of a step are measured on CelebA's network and images under each rule.
    """
    study = params.read(Path(file_of("study")), params.MNISTStudy).train
    laptop = params.read(Path(file_of("laptop")), params.Laptop)
    section = params.read(Path(file_of("celeba")), params.CelebA).train
    passes = study.steps * study.batch_size / (MNIST - laptop.prepare.valid_images)
    steps = passes * images / section.batch_size
    of_rule = measured["seconds_per_step"]
    seconds = [steps * of_rule[str(model.rule)] for model in section.models.values()]
    seconds = sorted(seconds * len(study.seeds), reverse=True)
    return Work(seconds, measured["checkpoint"], images * measured["bytes_per_image"])


def _times(scenario: Scenario, rates: Rates) -> list[str]:
    work = scenario.work
    walls = [wall_time(work, workers, rates) for workers in WORKERS]
    hours = sum(work.seconds) / 3600
    cells = [
        f"{_duration(wall)} ({share_computing(work, workers, wall):.0%})"
        for workers, wall in zip(WORKERS, walls, strict=True)
    ]
    return [
        scenario.name,
        f"{len(work.seconds):,}".replace(",", " "),
        f"{hours:,.0f}".replace(",", " "),
        f"{hours * PRICE:,.0f}".replace(",", " "),
        _bytes(scenario.results),
        _bytes(work.data),
        *cells,
    ]


def _limits(scenario: Scenario, rates: Rates) -> list[str]:
    """Return from how many workers on each limit is one, the first of all in bold."""
    found = [breaks_at(scenario.work, rates, name, MOST) for name in LIMITS_AND_TAIL]
    first = min((count for count in found if count), default=None)
    return [scenario.name, *(_count(count, bold=count == first) for count in found)]


def _count(count: int | None, *, bold: bool) -> str:
    shown = "–" if count is None else str(count)
    return f"**{shown}**" if bold else shown


def _duration(seconds: float) -> str:
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {name}"
    return f"{seconds:.2g} s"


def _bytes(count: float) -> str:
    if not count:
        return "–"
    power = min(int(math.log10(count)) // 3, 4)
    return f"{count / 1000**power:.3g} {('B', 'kB', 'MB', 'GB', 'TB')[power]}"


if __name__ == "__main__":
    main()
