"""Compute finished units again on this machine, and say whether they come out the same.

`python -m stages.recheck paper --minutes 10` takes units of every kind in turn, drawn at random,
until the time is up, and compares them: to the last bit with those of this kind of machine,
elsewhere what training has had no time to amplify (`stages.travel.again`). It is how a reader
checks committed results without hours of runs, and, with `--reaching FILE`, how a change of a file
that should leave them as they are is shown to do so (`stages.common.equivalent`).

It ends with status 1 if a unit comes out otherwise, and if none could be compared.
"""

import argparse
import fnmatch
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain, zip_longest

from stages.common import units
from stages.travel import again
from stages.travel.inventory import KEEPING, Work, folder_of, inventory

DIFFERENT = "DIFFERENT"
EARLY = "the same within 1 % in their first steps"
_HELPS = "a file of code that has changed makes units stale, unless stages/common/equivalent.yaml"


def main() -> None:
    """Compute units again, print what became of each, and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pipeline", choices=KEEPING)
    parser.add_argument("--minutes", type=float, default=10.0, help="after which none is begun")
    parser.add_argument("--only", default="*", help="units of such names, as 'near_n20_*'")
    parser.add_argument("--reaching", help="units that this file of code decides")
    parser.add_argument("--within", type=float, default=120.0, help="seconds a unit may have taken")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    args = parser.parse_args()
    try:
        works = {
            name: work
            for name, work in inventory(args.pipeline).items()
            if fnmatch.fnmatch(name, args.only)
            and (not args.reaching or args.reaching in work.identity.code)
        }
    except FileNotFoundError as error:
        sys.exit(f"{args.pipeline}: its data decide its units: {error}")
    found = recheck(args.pipeline, works, args.minutes, args.within, args.seed)
    print("; ".join(f"{count} units {what}" for what, count in found.items()) or "no such units")
    if found[DIFFERENT]:
        sys.exit(1)
    if not found[again.EQUAL] + found[EARLY]:
        sys.exit(f"nothing was compared; {_HELPS} says that its results are equal")


def recheck(
    pipeline: str, works: Mapping[str, Work], minutes: float, within: float, seed: int
) -> Counter[str]:
    """Compute units again until the time is up, print each, and count them by what became of them.

    Args:
        pipeline: where they are kept.
        works: units by name, from `inventory`.
        minutes: after which none is begun.
        within: seconds that a unit may have taken.
        seed: of the draw.
    """
    end, found = time.monotonic() + 60 * minutes, Counter[str]()
    for name, work in in_turn(works, seed):
        if time.monotonic() > end:
            break
        unit = units.find(folder_of(pipeline), work.identity)
        if unit is None:
            found["not finished, or by other code"] += 1
        elif unit.provenance.seconds > within:
            found["slower than --within"] += 1
        elif not again.comparable(unit):
            found["of another kind of machine, with nothing to compare"] += 1
        else:
            found[_outcome(name, unit, work)] += 1
    return found


def _outcome(name: str, unit: units.Finished, work: Work) -> str:
    try:
        said = again.compared(name, unit, work)
        outcome = said if said == again.EQUAL else EARLY
    except FileNotFoundError as error:
        said = outcome = f"in need of what is not here: {error}"
    except ValueError as error:
        said, outcome = f"{DIFFERENT}: {error}", DIFFERENT
    print(f"{name}: {said}", flush=True)
    return outcome


def in_turn(works: Mapping[str, Work], seed: int) -> Iterator[tuple[str, Work]]:
    """Yield all units in a random order, but one of every kind in turn.

    Args:
        works: by name; what stands before the first number is the kind.
        seed: of the draw.
    """
    kinds: dict[str, list[str]] = {}
    for name in random.Random(seed).sample(sorted(works), len(works)):
        kinds.setdefault(re.split(r"_\d", name)[0], []).append(name)
    turns = zip_longest(*(reversed(kinds[kind]) for kind in sorted(kinds)))
    for name in filter(None, chain.from_iterable(turns)):
        yield name, works[name]


if __name__ == "__main__":
    main()
