"""What a generative study measured, seed by seed, and beside which controls.

Two models are compared by the logarithm of a ratio in pairs of one seed, with Student's interval.
"""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from stages.claims import intervals
from stages.claims.intervals import Estimate
from stages.claims.verdict import Evidence, evidence
from stages.common import params

# What a model shares with its controls: all but the rule and how the weights descend.
SHARED = ("code_normalization", "code_group", "normalization", "align", "data_noise")
DRAWN, NOISE = "autoencoder_codes", "raw_noise"  # controls that no rule trained


@dataclass(frozen=True)
class Study:
    """What was measured of generators, and how they were trained.

    Args:
        runs: columns ``model``, ``seed``, ``weights``, ``mode`` and measurements, a row a run;
            of what no network made, weights and mode are ``none``.
        training: of the models.
        section: the thresholds.
    """

    runs: pd.DataFrame
    training: params.Train
    section: params.Judging

    @cached_property
    def _by_run(self) -> pd.DataFrame:
        return self.runs.set_index(["model", "weights", "mode", "seed"]).sort_index()

    def has(self, model: str) -> bool:
        """Return whether a model was trained and measured."""
        return model in self.training.models and model in set(self.runs.model)

    def of(self, model: str, weights: str, mode: str, measure: str) -> pd.Series:
        """Return a measurement by seed; empty where there is none."""
        key = (model, "none", "none") if model == NOISE else (model, weights, mode)
        if key not in self._by_run.index:
            return pd.Series(dtype=float)
        return self._by_run.loc[key, measure].astype(float)

    def ratio(self, model: str, other: str, weights: str, mode: str, measure: str) -> Estimate:
        """Return log10 of the ratio of a measurement to another model's, in pairs of one seed.

        A seed that the other lacks is compared with the mean of its logarithms.
        """
        own, beside = (intervals.log10(self.of(m, weights, mode, measure)) for m in (model, other))
        paired = beside.reindex(own.index).fillna(beside.mean())
        return intervals.of_mean((own - paired).to_numpy(), self.section.confidence)

    def controls(self, model: str) -> list[str]:
        """Return what a generator has to be nearer to real images than."""
        models = self.training.models
        alike = [
            name
            for name, of in models.items()
            if of.rule in ("ordinary", "none")
            and all(getattr(of, key) == getattr(models[model], key) for key in SHARED)
        ]
        return [NOISE, DRAWN, *alike]

    def rests(self, model: str) -> Evidence:
        """Return what a verdict on a model rests on."""
        seeds = self.runs[self.runs.model == model].seed.nunique()
        return evidence(seeds, "seed", self.section.least_runs)

    def steps(self, model: str) -> int:
        """Return how many steps a model was trained."""
        return self.training.of(self.training.models[model]).steps


def unanimous(holds: pd.Series, confidence: float) -> bool | None:
    """Return whether all seeds, or none, have something; None where some do.

    None too where so few agree that they might by chance, by the sign test: that one has it all
    refutes that none does, but that two lack it does not show that all others would.
    """
    if len(holds) and holds.all():
        return True
    return False if not holds.any() and 0.5 ** len(holds) <= 1 - confidence else None
