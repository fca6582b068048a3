"""A few samples of a network as pixels, to be looked at: in both modes of BatchNorm."""

from typing import Any

import pandas as pd
from torch import Tensor

from idem.checkpoint import Checkpoint
from stages.common.params import Generative
from stages.evaluation import measures, pictures
from stages.evaluation.labels import MODES
from stages.evaluation.measured import Tables, joined, keyed
from stages.generative import networks, weights
from stages.generative.scoring import batched


def pixels(
    everything: Generative, dataset: str, model: str, seed: int, checkpoint: Checkpoint
) -> Tables:
    """Return samples of the weights that are shown, and what is near those of the shown mode.

    Returns:
        ``samples``: of z, f(z) and f(f(z)), application 0 to 2, the first ones by mode.
        ``neighbours``: of f(z) in the mode that is shown, and of the nearest training images.
    """
    section, size = everything.evaluate, everything.score.batch_size
    given = measures.inputs(section, everything.train, dataset, everything.train.models[model])
    z = given["noise"][: section.samples]  # all that was measured: a batch decides its samples
    f = weights.restored(everything, dataset, model, seed, section.shown_weights)
    run, found = {"model": model, "seed": seed}, []
    for mode in MODES:
        networks.in_mode(f, mode)
        y = batched(f, z, size)
        made = dict(enumerate([z, y, batched(f, y, size)]))
        tables = {"samples": _stacked(made, "application", section.shown_samples)}
        found.append(keyed(run | {"mode": mode}, tables))
        if mode == section.shown_mode:
            _, nearest = measures.neighbours(y[: section.neighbours], dataset)
            beside = {"sample": y, "nearest": nearest}
            tables = {"neighbours": _stacked(beside, "picture", section.shown_samples)}
            found.append(keyed(run, tables))
    return joined(found)


def _stacked(images: dict[Any, Tensor], name: str, count: int) -> pd.DataFrame:
    """Return the pixels of the first `count` of each kind of images, called by `name`."""
    tables = {kind: pictures.pixels(of_kind[:count]) for kind, of_kind in images.items()}
    stacked = pd.concat(tables, names=[name, "sample"]).reset_index()
    return stacked[["sample", name, *stacked.columns.drop(["sample", name])]]
