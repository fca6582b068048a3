"""Stage features: the principal components along which photographs are compared, and their floor.

Two samples of real images are at a Fréchet distance too, the smaller the more images there are:
measured between training images that had no part in the components, and the split `test`.
"""

import sys
from itertools import pairwise

import torch
from torch import Tensor

from idem.data.datasets import Split, to_unit
from idem.evaluation import efficientnet
from idem.evaluation.efficientnet import EfficientNetLite0, principal_components
from idem.evaluation.samples import frechet_distance
from stages.common import params
from stages.common.engine import device, run_units
from stages.common.files import write_json, write_tensors
from stages.generative import networks

_UNIT = 1000  # images whose features one unit computes


def main() -> None:
    """Write the components, the variance they hold, and the floor by the number of images."""
    args = params.arguments("components of features", dataset="name of the data set")
    section, name = (
        params.read(args.params, params.CelebA).features,
        networks.data_set(args.dataset),
    )
    count = section.images + max(section.floors)
    train, test = features(name, "train", count), features(name, "test")
    if len(train) < count:
        sys.exit(f"features: expected images + max(floors) = {count} of train, got {len(train)}")
    components, fraction = principal_components(train[: section.images], section.components)
    write_tensors(networks.components_path(name), {"components": components})
    rest, reference = train[section.images :] @ components.T, test @ components.T
    write_json(
        args.metrics / f"features_{name}.json",
        {
            "network": "EfficientNet-Lite0",
            "sha256": efficientnet.WEIGHTS_SHA256,
            "side": efficientnet.SIDE,
            "components": section.components,
            "fraction_of_variance": fraction,
            "images": section.images,
            "reference_images": len(test),
            "floor": {str(n): frechet_distance(rest[:n], reference) for n in section.floors},
        },
    )


def features(dataset: str, split: Split, count: int | None = None) -> Tensor:
    """Return all features of the first `count` images of a split, (B, 1280)."""
    total = len(networks.images(dataset, split)[:count])
    edges = [*range(0, total, _UNIT), total]
    units = [(dataset, split, first, last) for first, last in pairwise(edges)]
    return torch.cat(run_units(_features_unit, units, f"features {split}"))


def _features_unit(dataset: str, split: Split, first: int, last: int) -> Tensor:
    images = to_unit(networks.images(dataset, split)[first:last])
    return EfficientNetLite0().to(device()).features(images)


if __name__ == "__main__":
    main()
