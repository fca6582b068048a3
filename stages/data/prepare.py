"""Stage prepare: a data set as padded uint8 arrays, and what they hold."""

from pathlib import Path

import numpy as np

from idem.data.datasets import Labelled, hold_out, pad, save
from idem.data.mnist import read_mnist
from stages.common import params
from stages.common.files import write_json

READERS = {"mnist": read_mnist}


def summary(data: Labelled) -> dict[str, object]:
    """Return size, mean and standard deviation of the pixels (0 to 255) and images per class."""
    return {
        "images": len(data.images),
        "side": data.images.shape[-1],
        "mean": float(data.images.mean(dtype=np.float64)),
        "std": float(data.images.std(dtype=np.float64)),
        "per_class": dict(enumerate(np.bincount(data.labels, minlength=10).tolist())),
    }


def main() -> None:
    """Read the raw files, pad, write the arrays and a summary of each split."""
    args = params.arguments("prepare a data set", dataset="name of the data set")
    section = params.read(args.params, params.Laptop).prepare
    reader = params.choose(READERS, args.dataset, "data set")
    folder, summaries = Path("data") / args.dataset, {}
    train, valid = hold_out(reader(folder / "raw", "train"), section.valid_images)
    splits = {"train": train, "valid": valid, "test": reader(folder / "raw", "test")}
    for split, raw in splits.items():
        data = Labelled(pad(raw.images, section.image_size), raw.labels)
        save(folder, split, data)
        summaries[split] = summary(data)
    write_json(args.metrics / f"prepare_{args.dataset}.json", summaries)


if __name__ == "__main__":
    main()
