"""What the authors' text leaves open about their experiment, read one way or another."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

import pandas as pd

from idem.rule.loss import RULES
from idem.sweeps.grid import Grid
from idem.sweeps.starts import StartedOtherwise
from stages.common import params
from stages.published.readings import factor
from stages.sweeps import sweep


class Place(NamedTuple):
    """Where the lanes of readings are: on which data, from which start, of which widths."""

    data: str
    start: str
    widths: str
    """A key of ``readings.widths``; the first where another does not change the network."""


LANES = ("network", *Place._fields)  # columns that say where a row of a lane is from


class Reading(NamedTuple):
    """One reading of the experiment; `data`, `start` and `widths` say which lanes it takes."""

    changed: str
    """The factor in which it is not the base."""
    value: str
    """Of that factor."""
    data: str
    """``fixed``: one batch a run; ``fresh``: another at every step."""
    scales: Mapping[str, str]
    """By rule, a name from `stages.published.readings.READINGS`."""
    start: str
    """A key of ``readings.starts``."""
    widths: str
    """A key of ``readings.widths``."""
    measured: str
    """On which batch: ``trained``, or ``second``, that no run trains on."""

    @property
    def name(self) -> str:
        """Return what tells it from the others."""
        return f"{self.changed}: {self.value}" if self.value else self.changed


def readings(section: params.Readings) -> list[Reading]:
    """List the base, the first value of each factor, and all that differ from it in one factor."""
    scales, starts, widths = section.scales, list(section.starts), list(section.widths)
    first = {rule: scales[rule][0] for rule in RULES}
    base = Reading("base", "", section.data[0], first, starts[0], widths[0], section.measured[0])
    found = [base]
    found += [base._replace(changed="data", value=data, data=data) for data in section.data[1:]]
    found += [
        base._replace(changed=f"{rule} label", value=scale, scales={**first, rule: scale})
        for rule in RULES
        for scale in scales[rule][1:]
    ]
    found += [base._replace(changed="start", value=start, start=start) for start in starts[1:]]
    found += [base._replace(changed="widths", value=of, widths=of) for of in widths[1:]]
    found += [
        base._replace(changed="measured on", value=batch, measured=batch)
        for batch in section.measured[1:]
    ]
    return found


def place_of(settings: params.Paper, reading: Reading, network: str) -> Place:
    """Return where the lanes of a network are that a reading takes."""
    section = settings.readings
    changes = network in section.widths[reading.widths].networks
    return Place(reading.data, reading.start, reading.widths if changes else section.own_widths)


def widths_of(settings: params.Paper, network: str, name: str) -> Sequence[int]:
    """Return the widths that a key of ``readings.widths`` gives a network."""
    other = settings.readings.widths[name].networks
    return other.get(network, settings.sweep.networks[network].widths)


def rates_of(settings: params.Paper, reading: Reading, network: str) -> dict[str, dict[float, str]]:
    """Return, by rule and label, the matched rate that it stands for, as `written`."""
    width = widths_of(settings, network, reading.widths)[-1]
    labels = settings.readings.networks[network].learning_rates
    return {
        rule: {
            label: written(label * factor(reading.scales[rule], width)) for label in labels[rule]
        }
        for rule in RULES
    }


def labels_of(settings: params.Paper, reading: Reading, network: str) -> pd.DataFrame:
    """Return `rates_of` as a table: ``rule``, ``label`` and ``place``, the rate as `written`."""
    return pd.DataFrame(
        [
            {"rule": rule, "label": label, "place": place}
            for rule, of_rule in rates_of(settings, reading, network).items()
            for label, place in of_rule.items()
        ]
    )


def lanes_of(
    settings: params.Paper, reading: Reading, network: str, rows: pd.DataFrame
) -> pd.DataFrame:
    """Return the rows of a network's lanes that a reading takes, with the ``label`` of each.

    Args:
        settings: of the pipeline.
        reading: which.
        network: which.
        rows: of `idem.sweeps.sweep.train_lanes`, with the columns `LANES`.
    """
    place = place_of(settings, reading, network)
    lanes = rows[(rows[[*LANES]] == [network, *place]).all(axis=1)]
    lanes = lanes.assign(place=lanes.learning_rate.map(written))
    return lanes.merge(labels_of(settings, reading, network), on=["rule", "place"])


def written(rate: float) -> str:
    """Return a rate to the six digits in which the rates of a grid differ."""
    return f"{rate:.6g}"


def grids(settings: params.Paper, network: str) -> dict[Place, Grid]:
    """Return by place the lanes of a network that the readings ask for, each once."""
    wanted: dict[Place, dict[str, set[str]]] = {}
    for reading in readings(settings.readings):
        place = place_of(settings, reading, network)
        of_rule = wanted.setdefault(place, {rule: set() for rule in RULES})
        for rule, rates in rates_of(settings, reading, network).items():
            of_rule[rule] |= set(rates.values())
    return {place: _grid(settings, network, place, rates) for place, rates in wanted.items()}


def started(settings: params.Paper, network: str, start: str, **of_grid: Any) -> StartedOtherwise:
    """Return a network's grid of the sweep with another start, and what else it is to hold."""
    begin = settings.readings.starts[start]
    swept = sweep.grid_of(settings.sweep, settings.sweep.networks[network])
    given = {field.name: getattr(swept, field.name) for field in fields(swept)} | of_grid
    return StartedOtherwise(**given, scheme=begin.scheme, bias_scale=begin.bias_scale)


def _grid(
    settings: params.Paper, network: str, place: Place, rates: Mapping[str, set[str]]
) -> Grid:
    lines, base = settings.readings.networks[network], readings(settings.readings)[0]
    return started(
        settings,
        network,
        place.start,
        widths=widths_of(settings, network, place.widths),
        learning_rates={rule: sorted(map(float, rates[rule])) for rule in RULES},
        runs=lines.runs_of(base=(place.data, place.start) == (base.data, base.start)),
        steps=lines.steps,
        log_every=lines.steps,
        log_at=[epoch for epoch in settings.published.log_at if epoch <= lines.steps],
        data=place.data,
    )
