"""Compute finished units again on this machine, and say whether they come out the same.

`python -m stages.recheck paper --minutes 10` draws units of every kind in turn, quick ones first
among those drawn, until the time is up, and compares: to the last bit with those of this kind of
machine, elsewhere what training has had no time to amplify (`stages.travel.again`). It is how a
reader checks committed results without hours of runs, and how a change that should leave them as
they are is shown to do so. It stops with status 1 where a unit comes out otherwise.
"""

import argparse
import fnmatch
import random
import re
import sys
import time
from collections.abc import Iterator, Mapping

from stages.common import units
from stages.travel import again
from stages.travel.inventory import KEEPING, Work, folder_of, inventory


def main() -> None:
    """Compute units again and print what became of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pipeline", choices=KEEPING)
    parser.add_argument("--minutes", type=float, default=10.0, help="after which none is begun")
    parser.add_argument("--only", default="*", help="units of such names, as 'near_n20_*'")
    parser.add_argument("--within", type=float, default=120.0, help="seconds a unit may have taken")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    args = parser.parse_args()
    if not recheck(args.pipeline, args.minutes, args.only, args.within, args.seed):
        sys.exit(1)


def recheck(pipeline: str, minutes: float, only: str, within: float, seed: int) -> bool:
    """Compute units again until the time is up, and return whether all came out the same.

    Args:
        pipeline: one that keeps units.
        minutes: after which none is begun.
        only: a pattern of the names of units.
        within: seconds that a unit may have taken.
        seed: of the draw.
    """
    end, same, count = time.monotonic() + 60 * minutes, True, 0
    works = {n: w for n, w in inventory(pipeline).items() if fnmatch.fnmatch(n, only)}
    for name, work in drawn(works, seed):
        if time.monotonic() > end:
            break
        unit = units.find(folder_of(pipeline), work.identity)
        if unit is None or unit.provenance.seconds > within or not again.comparable(unit):
            continue
        try:
            said = again.check(name, unit, work)
        except ValueError as error:
            said, same = f"DIFFERS: {error}", False
        count += 1
        print(f"{name}: {said}", flush=True)
    print(f"{count} units computed again: {'all the same' if same else 'not all the same'}")
    return same


def drawn(works: Mapping[str, Work], seed: int) -> Iterator[tuple[str, Work]]:
    """Yield units in the order of a draw, one of every kind in turn.

    Args:
        works: by name; what stands before the first number is the kind.
        seed: of the draw.
    """
    kinds: dict[str, list[str]] = {}
    for name in random.Random(seed).sample(sorted(works), len(works)):
        kinds.setdefault(re.split(r"_\d", name)[0], []).append(name)
    while kinds:
        for kind in sorted(kinds):
            name = kinds[kind].pop()
            yield name, works[name]
            if not kinds[kind]:
                del kinds[kind]


if __name__ == "__main__":
    main()
