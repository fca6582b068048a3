"""Stage prepare of CelebA's pipeline: its images as uint8 arrays, and what they hold."""

import sys
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from idem.data import celeba
from idem.data.archive import Fault
from stages.common import params
from stages.common.engine import run_units
from stages.common.files import write_csv, write_json

CACHE = Path(".cache/celeba")
SHOWN_SIZES = 10


def summary(source: Path, side: int, prepared: celeba.Prepared) -> dict[str, object]:
    """Return which part of the data set this is, how much was left out, and what each split is."""
    total, digest = sum(prepared.counts.values()), celeba.md5(source)
    whole = total == len(celeba.IDS)
    return {
        "data": "all images" if whole else f"SUBSET: {total} of {len(celeba.IDS)} images",
        "share_of_official_ids": total / len(celeba.IDS),
        "source": "folder" if source.is_dir() else "zip",
        "md5": digest,
        "official_archive": digest == celeba.OFFICIAL_MD5,
        "side": side,
        "members": prepared.members,
        "left_out": len(prepared.faults),
        "share_left_out": len(prepared.faults) / prepared.members,
        "sizes": _sizes(prepared),
        "enlarged": _enlarged(prepared, side),
        "modes": dict(sorted(_total(prepared, "modes").items())),
        "splits": {name: _split(name, prepared) for name in celeba.SPLITS},
    }


def _split(name: str, prepared: celeba.Prepared) -> dict[str, object]:
    values, levels = np.arange(256), prepared.tallies[name].levels
    mean = np.average(values, weights=levels)
    return {
        "images": prepared.counts[name],
        "share_of_official_ids": prepared.counts[name] / len(celeba.SPLITS[name]),
        "mean": float(mean),
        "std": float(np.sqrt(np.average((values - mean) ** 2, weights=levels))),
    }


def _sizes(prepared: celeba.Prepared) -> dict[str, int]:
    """Return how many images have each size in their file, the less frequent ones together."""
    sizes = sorted(_total(prepared, "sizes").items(), key=lambda item: (-item[1], item[0]))
    shown = {f"{width}x{height}": count for (width, height), count in sizes[:SHOWN_SIZES]}
    rest = sum(count for _, count in sizes[SHOWN_SIZES:])
    return shown | ({"other": rest} if rest else {})


def _enlarged(prepared: celeba.Prepared, side: int) -> int:
    sizes = _total(prepared, "sizes")
    return sum(count for size, count in sizes.items() if min(size) < side)


def _total(prepared: celeba.Prepared, what: str) -> Counter:
    return sum((getattr(tally, what) for tally in prepared.tallies.values()), Counter())


def main() -> None:
    """Find the images, decode them on all cores, write the arrays, a summary, what was left out."""
    args = params.arguments("prepare CelebA")
    section = params.read(args.params, params.CelebA).prepare
    run, side = partial(run_units, label="prepare", travel=False), section.image_size
    try:
        source = celeba.find(CACHE)
        prepared = celeba.prepare(
            source, Path("data/celeba"), side=side, most_broken=section.most_broken, run=run
        )
    except (celeba.CelebAError, OSError) as error:
        sys.exit(str(error))
    write_csv(
        args.metrics / "left_out_celeba.csv", pd.DataFrame(prepared.faults, columns=Fault._fields)
    )
    write_json(args.metrics / "prepare_celeba.json", summary(source, side, prepared))


if __name__ == "__main__":
    main()
