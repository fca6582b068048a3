"""Parameters of the sweep as the authors ran it, beside their published curves."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stages.common.params.section import (
    Ascending,
    Count,
    Distinct,
    Named,
    NonEmpty,
    NotNegative,
    Positive,
    RateByRule,
    Rates,
    Section,
    Several,
    Widths,
)

Reading = Literal["batch", "batch, no half", "elements", "elements, half"]


class Lines(Section):
    """Which of a network's published lines are trained, by the labels of the figure."""

    learning_rates: RateByRule[Rates]
    runs: Count
    steps: Count


class Published(Section):
    """The published figures' experiment, on the batches they seem to show and on the text's."""

    data: NonEmpty[Literal["fixed", "fresh"]]
    readings: RateByRule[Reading]
    log_at: Ascending[Count]
    networks: Named[Lines]


class StandIn(Section):
    """A network that stands in for one of the published curves."""

    network: str
    """Of published.networks: whose lines it should follow."""
    rates: Literal["matched", "labels"]
    """Whether it has the other's matched rates, or those that its own width makes of the labels."""
    fitted: bool
    """Whether its widths were fitted to the published lines."""
    widths: Widths
    batch_size: Count
    runs: Count
    steps: Count


class Begin(Section):
    """How networks begin: a scheme for the weights, and its biases times a scale."""

    scheme: Literal["default", "kaiming_normal", "orthogonal", "lecun_normal"]
    bias_scale: NotNegative
    fitted: bool
    """Whether the scale was fitted to the published lines."""


class Widened(Section):
    """Networks of other widths than those that the sweep has, which are the paper's."""

    networks: dict[str, Widths]
    """By name; all others are as the sweep has them."""
    fitted: bool
    """Whether the widths were fitted to the published lines."""


class ReadLines(Lines):
    """Lines that every reading trains, and of the base as many runs as tell chance from more."""

    base_runs: Count | None = None
    """Of lanes with the base's data and start, of any widths; left out, as many as of others."""

    def runs_of(self, base: bool) -> int:
        """Return how many runs the lanes of a reading have."""
        return (self.base_runs if base else None) or self.runs


class Readings(Section):
    """Readings of the authors' experiment: the first value of each factor is the base."""

    data: Distinct[Literal["fixed", "fresh"]]
    scales: RateByRule[Distinct[Reading]]
    starts: Named[Begin]
    widths: Named[Widened]
    measured: Distinct[Literal["trained", "second"]]
    networks: Named[ReadLines]

    @property
    def own_widths(self) -> str:
        """Return the key of `widths` that stands for those that the sweep has."""
        return next(iter(self.widths))


class Walked(Section):
    """A network and rate that may be those of the published gradients and routes."""

    widths: str
    """A key of readings.widths."""
    learning_rate: Positive
    """The label; what it stands for is in the section published."""


class Walks(Section):
    """Both rules from one start on one batch, beside the published gradients and routes."""

    network: str
    cases: Named[Walked]
    """The first is drawn in full."""
    runs: Count
    steps: Count
    every: Count
    closely_to: Annotated[int, Field(ge=0)]
    """The step up to which every one is measured."""
    plane_steps: Annotated[Ascending[Count], Field(min_length=1)]
    """How far the routes go that are looked at in their plane, each in one of its own: multiples of
    `plane_every`, and `steps` at most."""
    plane_every: Count
    """Steps between two points of a route in its plane."""
    surface_points: Several
    surface_margin: NotNegative
    delays: Ascending[Annotated[int, Field(ge=0)]]
    """Epochs by which the published ones may be later than they are drawn; those that are no
    multiple of `every` are compared up to `closely_to` alone."""
    up_to: Ascending[Count]
    """Epochs up to which deviations are told."""

    @model_validator(mode="after")
    def _planes_are_reached(self) -> "Walks":
        if self.plane_steps[-1] > self.steps or any(
            of % self.plane_every for of in self.plane_steps
        ):
            raise ValueError(
                f"multiples of plane_every, {self.plane_every}, up to steps, {self.steps}, as "
                f"plane_steps, got {self.plane_steps}"
            )
        return self
