"""What an engine costs beside the units, what a second worker brings, and taking a finished unit.

Claims: for units of 10 s the overhead is at most 3 % of the work; two local workers do at least 1.8
times the work of one, on units of B1 and of B2 that have one thread each; taking a finished unit,
read and checked, takes less than 10 ms. The first is measured with units that sleep, so that it
holds whatever else the machine does; the second needs two idle cores. Workers have imported all
they need before. Three minutes in all.

Typical output of the first part (2 cores of a server, each shared by eight other processes):

    6 units of 10 s on 2 workers: overhead
      local  0.4%
      Dask   2.4%

"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from distributed import Client

from idem.sweeps.grid import Grid
from idem.sweeps.sweep import train_lanes
from stages.common import params, units
from stages.common.engine import run_units
from stages.sweeps.sweep import grid_of
from tests import ROOT

DASK = [sys.executable, "-m", "dask"]
LISTEN = ["--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0"]
ADDRESS = "tcp://127.0.0.1:18786"
SECONDS, UNITS = 10.0, 6
STEPS = {"B1": 4000, "B2": 40}  # some seconds of one core
FOLDER = ROOT / "metrics/paper/units"


def main() -> None:
    """Print the overhead of both engines, and what a second Dask worker brings."""
    sleeping = [(SECONDS,)] * UNITS
    print(f"{UNITS} units of {SECONDS:.0f} s on 2 workers: overhead")
    for name, address in (("local", "local"), ("Dask", ADDRESS)):
        with engine(address, 2):
            best = (SECONDS * UNITS / 2) / timed(time.sleep, sleeping)
            print(f"  {name:5}  {1 / best - 1:.1%}")
    section = params.read(ROOT / "params.yaml", params.Swept).sweep
    print("4 units of one thread: two Dask workers do the work of")
    for network, steps in STEPS.items():
        grid = replace(grid_of(section, section.networks[network]), steps=steps, runs=1)
        seconds = {}
        for count in (1, 2):
            with engine(ADDRESS, count):
                seconds[count] = timed(trained, [(grid,)] * 4)
        took = f"{seconds[1]:.1f} s and {seconds[2]:.1f} s"
        print(f"  {network}     {seconds[1] / seconds[2]:.2f} ({took})")
    taken = sorted(1e3 * seconds_to_take(path) for path in FOLDER.glob(f"*{units.SUFFIX}"))
    middle, most = taken[len(taken) // 2], taken[-1]
    print(f"taking one of {len(taken)} finished units: {middle:.1f} ms, {most:.1f} ms at most")


def seconds_to_take(path: Path) -> float:
    """Return how long it takes to find a unit that matches, its identity known."""
    identity = units.read(path).identity
    start = time.perf_counter()
    units.find(path.parent, identity)
    return time.perf_counter() - start


def trained(grid: Grid) -> None:
    """Train the first unit of a grid."""
    train_lanes(grid, grid.units()[0])


def timed(function: Callable[..., Any], tasks: list[tuple]) -> float:
    """Return the seconds of some units, once the workers have imported what they need."""
    run_units(warmed, [()] * 4)
    start = time.perf_counter()
    run_units(function, tasks)
    return time.perf_counter() - start


def warmed() -> None:
    """Import, in every worker: a unit takes long enough for each to get one."""
    import idem.sweeps.sweep  # noqa: F401

    time.sleep(1)


@contextmanager
def engine(address: str, count: int) -> Iterator[None]:
    """Set the engine, with this many workers of its own."""
    os.environ |= {"IDEM_ENGINE": address, "IDEM_WORKERS": str(count)}
    with ExitStack() as stack:
        if address != "local":
            folder = stack.enter_context(TemporaryDirectory())
            scheduler = ["scheduler", "--port", address.rpartition(":")[2]]
            for command in [scheduler] + [["worker", address, "--nthreads", "1"]] * count:
                process = subprocess.Popen(
                    [*DASK, *command, *LISTEN],
                    cwd=folder,
                    env=os.environ | {"PYTHONPATH": str(ROOT)},
                    stderr=subprocess.DEVNULL,
                )
                stack.callback(process.wait)
                stack.callback(process.terminate)
            with Client(address, timeout=60) as client:
                client.wait_for_workers(count)
        yield


if __name__ == "__main__":
    main()
