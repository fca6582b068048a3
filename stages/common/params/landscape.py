"""Parameters of the stages on the loss landscape: stable rates, cost, routes of training."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from stages.common.params.section import (
    Ascending,
    Confidence,
    Count,
    Distinct,
    FloatType,
    Named,
    NonEmpty,
    NotNegative,
    Positive,
    RateByRule,
    Section,
    Seed,
    Several,
)


class Place(Section):
    """Where the curvature is measured: after so many steps at a rate; at the start, after none."""

    steps: Annotated[int, Field(ge=0)]
    learning_rate: Positive
    applications: Count
    fresh_batches: Annotated[int, Field(ge=0)]


class Stable(Section):
    """How one network's largest stable rate is predicted and measured."""

    precision: FloatType
    places: NonEmpty[Place]
    steps: Count
    learning_rates: RateByRule[NonEmpty[Positive]]
    one_batch_learning_rates: dict[Literal["modified", "ordinary"], NonEmpty[Positive]]

    @field_validator("places")
    @classmethod
    def _places_differ_and_begin_at_the_start(cls, places: list[Place]) -> list[Place]:
        if places[0].steps:
            raise ValueError("a first place of 0 steps, which the measured rates are compared with")
        if len({place.steps for place in places}) < len(places):
            raise ValueError("places after numbers of steps that all differ")
        return places


class LinearLayer(Section):
    """One linear layer near the zero map, where the largest stable rate is known exactly."""

    width: Count
    batch_size: Count
    steps: Count
    learning_rates: NonEmpty[Positive]


class Stability(Section):
    """The largest stable rate of every network, predicted and measured: claim T5."""

    seed: Seed
    diverged_above: Positive
    control: LinearLayer
    networks: Named[Stable]


class LinearStarts(Section):
    """Linear layers on whitened inputs, trained from many starts."""

    starts: Several
    learning_rate: Positive
    steps: Count


class LeakyStarts(LinearStarts):
    """LeakyReLU layers with biases, on fresh inputs."""

    batch_size: Several


class MeanInputs(Section):
    """Linear layers with biases near a projection, on inputs of several means."""

    starts: Several
    width: Several
    noise: Positive
    bias: Positive
    means: Distinct[float]
    steps: Count
    returned_below: Annotated[float, Field(gt=0, lt=1)]
    """Of the relative error at the start."""
    tolerance: Positive
    """Of a fixed point, and of its eigenvalue ½."""


class Flow(Section):
    """What the rules do to one layer: which rank survives, and when the loss falls."""

    seed: Seed
    size: Several
    network: str
    collapsed_below: Annotated[float, Field(gt=0, lt=1)]
    tolerance: Positive
    linear: LinearStarts
    leaky: LeakyStarts
    inputs: MeanInputs


class Cost(Section):
    """What a training step costs, by depth: claim T1."""

    batch_size: Count
    depths: Annotated[Ascending[Count], Field(min_length=3)]
    widths: NonEmpty[Count]


class GradientStudy(Section):
    """Both rules from one start, at a rate each: how their updates compare along the way."""

    network: str
    precision: FloatType
    learning_rates: RateByRule[Positive]
    runs: Count
    steps: Several
    logged: Several


class Study(GradientStudy):
    """A network small enough for all that is measured of two routes."""

    spectrum_items: Count


class Trajectory(Section):
    """Whether the rules travel different routes in the loss landscape: the TODO of section 3."""

    items: Count
    perturbation: Positive
    fixed_tolerance: Positive
    interpolation_points: Annotated[int, Field(ge=3)]
    surface_points: Several
    surface_margin: NotNegative
    shown_eigenvalues: Count
    constant_below: Positive
    least_barrier: Positive
    confidence: Confidence
    studies: Named[Study]
    gradients: dict[str, GradientStudy]
