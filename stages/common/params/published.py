"""Parameters of the sweep as the authors ran it, beside their published curves."""

from typing import Literal

from stages.common.params.section import (
    Ascending,
    Count,
    Named,
    NonEmpty,
    RateByRule,
    Rates,
    Section,
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
    """A network in the place of a larger one of the published curves, at its matched rates."""

    network: str
    """Of published.networks: whose lines it should follow."""
    widths: Widths
    batch_size: Count
    runs: Count
    steps: Count
