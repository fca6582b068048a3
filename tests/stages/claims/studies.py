"""Tables of generative studies, as stages evaluate and baselines write them."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

from stages.claims.generative.readings import MODES, WEIGHTS
from stages.claims.generative.study import Study
from stages.common import params
from tests import ROOT

TRAINING = params.read(ROOT / "stages/pipelines/study/params.yaml", params.MNISTStudy).train
SECTION = params.Judging(
    least_runs=5,
    confidence=0.95,
    least_effect=0.1,
    projection_below=0.1,
)
SEEDS = 5
SPREAD = np.linspace(-0.01, 0.01, SEEDS)  # of logarithms, over seeds
PLAIN = ("modified_plain", "autoencoder", "autoencoder_codes")
MODELS = ("modified", "ordinary", "ign", "denoiser", *PLAIN)


def study(
    changes: Mapping[tuple[str, str, str], Mapping[str, float | Sequence[float]]] | None = None,
    without: Sequence[str] = (),
    seeds: int = SEEDS,
) -> Study:
    """Return a study in which the models of the rule are near, with all digits, and all others far.

    Args:
        changes: of measurements by model, weights and mode; a number for all seeds, or one a seed.
        without: models that are left out.
        seeds: of every model.
    """
    rows = []
    for key in product(MODELS, WEIGHTS, MODES):
        runs = dict(zip(("model", "weights", "mode"), key, strict=True)) | {"seed": range(seeds)}
        measured = _measured(key[0], seeds) | dict((changes or {}).get(key, {}))
        rows += [] if key[0] in without else [pd.DataFrame(runs).assign(**measured)]
    controls = {"model": ["real", "raw_noise"], "weights": "none", "mode": "none", "seed": "all"}
    fixed = pd.DataFrame(controls).assign(frechet_distance=[3.0, 300.0])
    return Study(pd.concat([*rows, fixed], ignore_index=True), TRAINING, SECTION)


def everywhere(model: str, **measured: float | Sequence[float]) -> dict:
    """Return `changes` of a model's measurements, whichever its weights and mode."""
    return {(model, w, m): measured for w, m in product(WEIGHTS, MODES)}


def _measured(model: str, seeds: int) -> dict[str, np.ndarray | float]:
    near = model.startswith("modified")
    scatter = 10 ** SPREAD[:seeds] * (1.0 if near else 1.001)
    return {
        "frechet_distance": (20.0 if near else 100.0) * scatter,
        "digits": 10.0,
        "coverage": 0.5,
        "recall": 0.5,
        "noise_relative_error": (0.1 if near else 0.3) * scatter,
        "test_relative_error": (0.1 if near else 0.3) * scatter,
    }
