"""Stage plot of the generative pipelines, and the drawings that the one at the top also needs.

Pictures of photographs stay in the data set's own folder, out of git, and with them a page that
shows them among all others; drawings of numbers and of generated images lie beside the tables.
"""

import json
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from idem.data.datasets import DATASETS
from idem.figures.generative import frozen, latent, one_map, samples, study
from stages.common import params
from stages.common.files import write_figure, write_text
from stages.common.params import Generative
from stages.evaluation import pictures
from stages.evaluation.labels import RUN, subset
from stages.evaluation.summary import summarize
from stages.figures.album import album

OF_PHOTOGRAPHS = ("figure_restoration", "figure_neighbours")
DISTANCE = "frechet_distance"  # the measure that stands beside the samples
OF_WAYS = {  # of the stages that train a network in several ways: what draws the samples of which
    "figure_frozen": ("frozen", frozen.PICTURED, frozen.figure_frozen),
    "figure_one_map": ("from_scratch", one_map.WAYS, one_map.figure_one_map),
}
Drawing = Callable[[], Figure]


def main() -> None:
    """Read the tables, write a PNG a figure and, where some show photographs, the page."""
    args = params.arguments("draw the generative study", dataset="name of the data set")
    name = params.choose(dict.fromkeys(DATASETS, args.dataset), args.dataset, "data set")
    note, own, paths = subset(args.metrics, name), pictures.folder(args.metrics, name), {}
    settings = params.read(args.params, Generative)
    for place, draw in drawings(args.metrics, name, settings).items():
        figure, drawn = Path(place).name, draw()
        if note and figure != "figure_5":  # which has it below its images
            drawn.suptitle(note, fontsize="small")
        hidden = figure in OF_PHOTOGRAPHS and own != args.metrics
        paths[figure] = own / f"{figure}.png" if hidden else args.metrics / f"{place}.png"
        write_figure(paths[figure], drawn)
    if own != args.metrics:
        text = (args.metrics / "generative.md").read_text(encoding="utf-8")
        write_text(own / "page.html", album(f"The generative study of {name}", text, paths))


def drawings(folder: Path, dataset: str, settings: Generative) -> dict[str, Drawing]:
    """Return what draws each figure of a data set's study, by its place below `folder`."""

    def table(name: str, what: str = "") -> pd.DataFrame:
        return pd.read_csv(folder / f"{name}_{dataset}{what}.csv")

    def pixels(name: str) -> pd.DataFrame:
        read = pd.read_csv(pictures.path(folder, dataset, name), low_memory=False)
        return read.copy()  # in one block: pandas reads thousands of columns into as many

    runs, section = table("generative"), settings.evaluate
    shown_runs = runs.loc[runs.weights == section.shown_weights, [*RUN, DISTANCE]]
    beside = summarize(shown_runs, section.confidence)
    drawn = {
        "figure_5": partial(samples.figure_5, pixels("samples"), beside, subset(folder, dataset)),
        "appendix/figure_restoration": partial(samples.figure_restoration, pixels("restored")),
        "appendix/figure_drift": partial(study.figure_drift, table("drift")),
        "appendix/figure_collapse": partial(study.figure_collapse, table("validation")),
        "appendix/figure_neighbours": partial(samples.figure_neighbours, pixels("neighbours")),
        "appendix/figure_latent": partial(latent.figure_latent, table("latent", "_codes")),
        "appendix/figure_jacobian": partial(
            latent.figure_jacobian, table("latent", "_eigenvalues")
        ),
    }
    baselines = folder / f"baselines_{dataset}.json"
    if baselines.exists():
        history = pd.concat([table("validation"), table("baselines_validation")], ignore_index=True)
        spent = {n: of["operations"] for n, of in json.loads(baselines.read_text()).items()}
        drawn["figure_compute"] = partial(study.figure_compute, history, spent)
    for name, (stage, known, draw) in OF_WAYS.items():
        if shown := samples_of_ways(folder / f"{stage}_{dataset}.npz", known):
            drawn[name] = partial(draw, shown, table(stage))
    return drawn


def samples_of_ways(path: Path, known: Collection[str]) -> dict[str, NDArray[np.uint8]]:
    """Return the samples of every way in a file; nothing without it or without a known way."""
    if not path.exists():
        return {}
    with np.load(path) as images:
        return dict(images) if set(images) & set(known) else {}


if __name__ == "__main__":
    main()
