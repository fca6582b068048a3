"""What one machine takes to hand out, receive and store units, for metrics/benchmarks/scale.md.

Claim: one process hands out and receives a hundred units a second or more, whether one runs at a
time or 32, so that with units of a minute it is no limit below thousands of workers.

    PYTHONPATH=. python tests/benchmarks/bench_scale.py && python -m stages.scale

writes metrics/benchmarks/scale.json, and prints it. Workers of the scheduler are threads of one
process, as only what the stage's own process does is asked; files go to the folder of the clone.
Seconds are CPU time, which others on the machine disturb least; the disk's are by the clock. A
minute and a half on an idle core.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Generator

from idem.generative.ign import IGN
from idem.generative.objective import Objective
from idem.generative.optimization import Optimization
from idem.generative.training import train
from idem.generative.udcgan import UDCGAN
from idem.rule.loss import RULES
from idem.sweeps.grid import Grid, Unit
from idem.sweeps.sweep import train_lanes
from stages.common import cluster, params, units
from stages.common.files import write_bytes, write_json
from stages.common.params.pipelines import file_of
from stages.scale.__main__ import authors_grids
from tests import ROOT

RUNNING = (1, 8, 32)
SECONDS = 0.02  # of a unit that does nothing
STEPS = {"B1": 400, "B2": 3, "B3": 1, "B4": 1}
SENT, STORED = 2**26, 2**28  # bytes
PORT = 18787
WITHOUT_PROFILES = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "false"
}  # of every worker's thread
CLUSTER = f"""
import time
from distributed import LocalCluster
def main():
    given = {{"processes": False, "threads_per_worker": 1, "memory_limit": 0}}
    given |= {{"dashboard_address": None, "protocol": "tcp://"}}
    with LocalCluster(n_workers=COUNT, scheduler_port={PORT}, **given):
        print("ready", flush=True)
        time.sleep(600)
main()
"""


def main() -> None:
    """Measure, print and write."""
    torch.set_num_threads(1)
    found = {
        "cpu": units.processor(),
        "rates": rates(),
        "operations_per_second": {name: speed(name, g) for name, g in authors_grids().items()},
        "generation": generation(),
    }
    write_json(ROOT / "metrics/benchmarks/scale.json", found)
    print(json.dumps(found, indent=2))


def rates() -> dict[str, float]:
    """Return what `stages.scale.simulation.Rates` holds."""
    with scheduler(1) as address:
        wire = sent(address)
    each = [dispatch(count) for count in RUNNING]
    more = max(float(np.polyfit(RUNNING, each, 1)[0]), 0.0)
    return {
        "dispatch": float(np.mean(each) - more * np.mean(RUNNING)),
        "dispatch_running": more,
        "written": written(),
        "wire": wire,
        "disk": max(stored() for _ in range(3)),
    }


@contextmanager
def scheduler(workers: int) -> Iterator[str]:
    """Start a scheduler with so many workers, and return its address."""
    command = [sys.executable, "-c", CLUSTER.replace("COUNT", str(workers))]
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | WITHOUT_PROFILES
    with (
        TemporaryDirectory() as folder,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE) as process,
    ):
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield f"tcp://127.0.0.1:{PORT}"
        finally:
            process.terminate()


def dispatch(running: int) -> float:
    """Return the CPU seconds of this process a unit, with so many workers."""
    with scheduler(running) as address:
        list(cluster.computed(address, time.sleep, [(SECONDS,)] * running))
        count = max(20, 4 * running)
        start = time.process_time()
        assert len(list(cluster.computed(address, time.sleep, [(SECONDS,)] * count))) == count
        return (time.process_time() - start) / count


def sent(address: str) -> float:
    """Return the bytes that a CPU second of this process sends to a worker; the best of three."""
    content, seconds = os.urandom(SENT), []
    with cluster._connected(address) as client:
        for _ in range(3):
            start = time.process_time()
            client.run(write_bytes, Path("sent"), content)
            seconds.append(time.process_time() - start)
    return SENT / min(seconds)


def written() -> float:
    """Return the CPU seconds of writing a finished unit and reading it back, in the median."""
    paths = sorted((ROOT / "metrics/paper/units").glob(f"*{units.SUFFIX}"))
    seconds = []
    with TemporaryDirectory(dir=ROOT) as folder:
        for path in paths:
            unit = units.read(path)
            start = time.process_time()
            units.read(units.write(Path(folder), unit.identity, unit.result, unit.provenance))
            seconds.append(time.process_time() - start)
    return float(np.median(seconds))


def stored() -> float:
    """Return the bytes a second that the disk takes."""
    content = os.urandom(STORED)
    with TemporaryDirectory(dir=ROOT) as folder, Path(folder, "file").open("wb") as file:
        start = time.perf_counter()
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        return STORED / (time.perf_counter() - start)


def speed(name: str, grid: Grid) -> float:
    """Return the operations a second of one core, of lanes as a unit of the network has them."""
    steps, seconds = STEPS[name], 0.0
    for rule in RULES:
        unit = next(unit for unit in grid.units() if unit.rule == rule)
        few, more = (timed(grid, unit, count) for count in (steps, 3 * steps))
        seconds += more - few
    lanes = len(grid.units()[0].learning_rates)
    return len(RULES) * replace(grid, steps=2 * steps).operations(lanes) / seconds


def timed(grid: Grid, unit: Unit, steps: int) -> float:
    """Return the seconds of so many steps of a unit, none of whose lanes diverges."""
    low = [1e-3 * (i + 1) for i in range(len(unit.learning_rates))]
    start = time.thread_time()
    short = replace(grid, steps=steps, log_every=steps, learning_rates=low)
    train_lanes(short, unit._replace(learning_rates=tuple(low)))
    return time.thread_time() - start


def generation() -> dict[str, Any]:
    """Return what a training on images of CelebA's size takes, under each rule."""
    section = params.read(ROOT / file_of("celeba"), params.CelebA).train
    images = torch.randint(0, 256, (256, 3, 64, 64)).byte()
    of_rule, checkpoint = {}, 0
    for rule in ("modified", "ordinary", "ign", "none"):
        seconds = {}
        for steps in (1, 3):
            rng = Generator().manual_seed(0)
            f = UDCGAN((3, 64, 64), section.channels, section.bottleneck, generator=rng)
            f = f.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
            how = Optimization(
                steps, section.batch_size, precision=getattr(torch, section.precision)
            )
            objective = Objective(IGN() if rule == "ign" else rule)
            start = time.thread_time()
            state = train(f, images, None, objective, how)
            seconds[steps] = time.thread_time() - start
            checkpoint = sum(tensor.nbytes for tensor in state.saved()[0].values())
        of_rule[rule] = (seconds[3] - seconds[1]) / 2
    size = images[0].nbytes
    return {"seconds_per_step": of_rule, "checkpoint": checkpoint, "bytes_per_image": size}


if __name__ == "__main__":
    main()
