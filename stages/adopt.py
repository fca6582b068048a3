"""Take in the finished units that another machine has packed, once they stand the test.

`python -m stages.adopt FILE.tar` holds every unit against this checkout's parameters, code and
data, computes a small one of them again, drawn at random, and places all of them, or none; then
`dvc repro` makes the outputs and the lock from them.
"""

import argparse
import secrets
import sys
from pathlib import Path

from stages.travel import again, arrival
from stages.travel.inventory import folder_of


def main() -> None:
    """Place the units and say so, or say in one line why not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, help="draw the unit that this number draws")
    parser.add_argument("--within", type=float, default=120.0, help="seconds it may have taken")
    parser.add_argument("--replace", action="store_true", help="units here with another result")
    args = parser.parse_args()
    seed = secrets.randbelow(2**32) if args.seed is None else args.seed
    try:
        adopt(args.file, seed, args.within, replace=args.replace)
    except (ValueError, OSError) as error:
        sys.exit(f"{error}\nnothing was placed")


def adopt(path: Path, seed: int, within: float, *, replace: bool) -> None:
    """Check a tar, compute a unit of it again, and place what it holds.

    Args:
        path: of the tar.
        seed: draws the unit.
        within: seconds that it may have taken.
        replace: what is already here with another result.

    Raises:
        ValueError: naming what is wrong, before anything is written.
    """
    pipeline, files = arrival.checked(path)
    arrived = arrival.matched(pipeline, files)
    others = arrival.in_the_way(pipeline, {name: unit for name, (unit, _) in arrived.items()})
    for name, what in others.items():
        print(f"{name}: already here: {what}")
    if others and not replace:
        raise ValueError(f"expected no other results in {folder_of(pipeline)}; pass --replace")
    print(f"{path}: {len(files)} units of {pipeline}, all of this checkout's parameters and code")
    name = again.drawn(arrived, within, seed)
    if name is None:
        print("none can be computed again for comparison on another kind of machine")
    else:
        print(f"computing {name} again (--seed {seed})", flush=True)
        print(again.check(name, *arrived[name]))
    placed = arrival.place(pipeline, files, others)
    print(f"{folder_of(pipeline)}: {placed} units placed; go on with dvc repro")


if __name__ == "__main__":
    main()
