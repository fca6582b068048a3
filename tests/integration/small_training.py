"""The root pipeline's parameters from images to training, as small as its stages can do with."""

from typing import Any

TRAIN = {"seeds": [0, 1], "steps": 2, "log_every": 2, "batch_size": 2, "channels": [3, 4, 5]}
TRAIN |= {"bottleneck": 2, "calibration_batches": 1}
TRAIN |= {"validation": {"every": 2, "samples": 10, "seed": 1}}
MODELS = ("modified", "ordinary", "ign")


def shrink_training(content: dict[str, Any]) -> None:
    """Shrink the sections of `params.yaml`, in place."""
    content["train"] |= TRAIN
    models = content["train"]["models"]
    content["train"]["models"] = {name: models[name] for name in MODELS}
    content["score"] |= {"batch_size": 5}
    content["prepare"] |= {"valid_images": 12}
