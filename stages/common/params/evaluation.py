"""Parameters that say how generated, restored and encoded images are measured."""

from typing import Annotated

from pydantic import Field, model_validator

from stages.common.params.section import (
    Ascending,
    Confidence,
    Count,
    Distinct,
    Fraction,
    Mode,
    NonEmpty,
    Positive,
    Section,
    Seed,
    Several,
    Weights,
)


class Classifier(Section):
    """The classifier whose features the Frechet distance uses."""

    seed: Seed
    epochs: Count
    batch_size: Annotated[int, Field(ge=1, le=60_000)]
    learning_rate: Positive


class Features(Section):
    """The principal components along which features of photographs are compared."""

    images: Count
    components: Annotated[int, Field(ge=1, le=1280)]
    floors: NonEmpty[Several]

    @model_validator(mode="after")
    def _components_have_images(self) -> "Features":
        if self.images <= self.components:
            raise ValueError(f"images above components, {self.components}, got {self.images}")
        return self


class Score(Section):
    """How samples are scored: see stages/generative/scoring.py."""

    batch_size: Several
    confidence: Fraction
    least_fraction: Fraction
    pairs: Several


class Evaluate(Section):
    """Measurements of the trained U-DCGANs and the samples of Figure 5."""

    seed: Seed
    samples: Annotated[int, Field(ge=4)]
    images: Annotated[int, Field(ge=4)]
    drift_samples: Several
    applications: Count
    sizes: Annotated[Ascending[Several], Field(min_length=2)]
    nearest_k: Count
    neighbours: Count
    confidence: Confidence
    shown_samples: Count
    shown_weights: Weights
    shown_mode: Mode

    @model_validator(mode="after")
    def _there_are_as_many_samples(self) -> "Evaluate":
        if self.samples < self.nearest_k + 2:
            raise ValueError(f"a nearest_k of at most samples - 2, {self.samples - 2}")
        return self


class Statistics(Section):
    """Networks that are measured by what BatchNorm's statistics are collected on."""

    models: Distinct[str]
    """Of train.models."""
    weights: Weights


class Restore(Section):
    """What the trained networks make of corrupted test images."""

    seed: Seed
    images: Count
    batch_size: Several
    training_images: Count
    weights: Distinct[Weights]
    modes: Distinct[Mode]
    resamples: Count
    confidence: Confidence
    shown_images: Count
    shown_weights: Weights
    shown_mode: Mode

    @model_validator(mode="after")
    def _what_is_shown_is_measured(self) -> "Restore":
        if self.images % self.batch_size:
            raise ValueError("a batch_size that divides images, as BatchNorm needs equal batches")
        if self.shown_images > self.images:
            raise ValueError(f"shown_images of at most images, {self.images}")
        if self.shown_weights not in self.weights or self.shown_mode not in self.modes:
            raise ValueError("shown_weights among weights and shown_mode among modes")
        return self


class Latent(Section):
    """The latent space of the trained networks: the TODO of section 3.1."""

    seed: Seed
    images: Several
    variance_fraction: Annotated[float, Field(gt=0, le=1)]
    batch_size: Several
    applications: Several
    points: Count
    composition: bool
    """Whether to compare J(f(y)) J(y) with J(y), too."""
    tolerance: Annotated[float, Field(gt=0, lt=0.5)]
    pairs: Count
    steps: Annotated[int, Field(ge=3)]
    embedded: Count
    perplexity: Positive
    embedding_steps: Annotated[int, Field(ge=250)]
    weights: Weights
    shown_mode: Mode

    @model_validator(mode="after")
    def _there_are_as_many_images(self) -> "Latent":
        if max(self.points, 2 * self.pairs) > self.batch_size:
            raise ValueError(f"points and twice pairs of at most batch_size, {self.batch_size}")
        if max(self.batch_size, self.embedded) > self.images:
            raise ValueError(f"batch_size and embedded of at most images, {self.images}")
        if self.perplexity >= 4 * self.embedded:
            raise ValueError("a perplexity below four times embedded, the points of a plane")
        return self
