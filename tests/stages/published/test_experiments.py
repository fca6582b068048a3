import pytest

from stages.common import params
from stages.published.experiments import grids, place_of, rates_of, readings, widths_of
from tests import ROOT


@pytest.fixture(scope="module")
def settings() -> params.Paper:
    return params.read(ROOT / "stages/pipelines/paper/params.yaml", params.Paper)


def test_every_reading_differs_from_the_base_in_one_factor(settings: params.Paper):
    base, *others = readings(settings.readings)
    for reading in others:
        differ = [a for a, b in zip(reading[2:], base[2:], strict=True) if a != b]
        assert len(differ) == 1
    names = [reading.name for reading in (base, *others)]
    assert len(set(names)) == len(names)


def test_no_lane_is_trained_twice_and_none_is_missing(settings: params.Paper):
    for network in settings.readings.networks:
        lanes = grids(settings, network)
        asked = set()
        for reading in readings(settings.readings):
            place = place_of(settings, reading, network)
            rates = lanes[place]
            for rule, of_rule in rates_of(settings, reading, network).items():
                swept = [f"{rate:.6g}" for rate in rates.rates(rule)]
                assert len(set(swept)) == len(swept)
                assert set(of_rule.values()) <= set(swept)
                asked |= {(*place, rule, rate) for rate in of_rule.values()}
        swept = [len(of.rates(rule)) for of in lanes.values() for rule in ("modified", "ordinary")]
        assert sum(swept) == len(asked)


def test_the_base_may_have_more_runs_and_so_what_differs_in_widths_alone(settings: params.Paper):
    lines = settings.readings.networks["B2"].model_copy(update={"runs": 2, "base_runs": 7})
    section = settings.readings.model_copy(update={"networks": {"B2": lines}})
    base = readings(section)[0]
    found = grids(settings.model_copy(update={"readings": section}), "B2")
    runs = {place: grid.runs for place, grid in found.items()}
    like_the_base = {place for place in runs if place[:2] == (base.data, base.start)}
    assert {place.widths for place in like_the_base} == {*section.widths}
    assert {runs.pop(place) for place in like_the_base} == {7}
    assert set(runs.values()) == {2}
    assert lines.model_copy(update={"base_runs": None}).runs_of(base=True) == 2


def test_the_base_is_what_the_stage_published_trains(settings: params.Paper):
    base, published = readings(settings.readings)[0], settings.published
    assert base.scales == published.readings
    assert (base.data, base.measured) == (published.data[0], "trained")
    begin = settings.readings.starts[base.start]
    assert (begin.scheme, begin.bias_scale) == (settings.sweep.initialization, 1.0)


def test_one_label_is_another_rate_by_scale(settings: params.Paper):
    by_name = {reading.name: reading for reading in readings(settings.readings)}
    rates = rates_of(settings, by_name["ordinary label: elements, half"], "B2")
    assert rates["ordinary"][1.42] == "0.0142"
    assert rates["modified"][1.42] == "1.42"


def test_other_widths_are_those_of_their_network_alone(settings: params.Paper):
    base, *all_others = readings(settings.readings)
    others = [reading for reading in all_others if reading.changed == "widths"]
    inputs = [widths_of(settings, "B2", other.widths)[0] for other in others]
    assert inputs == [112, 128, 144]
    for other, n in zip(others, inputs, strict=True):
        assert place_of(settings, other, "B3") == place_of(settings, base, "B3")
        assert rates_of(settings, other, "B3") == rates_of(settings, base, "B3")
        grid = grids(settings, "B2")[place_of(settings, other, "B2")]
        assert grid.widths == [n, *[250] * 4, n]
        rates = rates_of(settings, other, "B2")
        assert rates["modified"] == rates_of(settings, base, "B2")["modified"]
        assert float(rates["ordinary"][1.42]) == pytest.approx(1.42 * 2 / n, rel=1e-5)
    assert widths_of(settings, "B2", base.widths) == settings.sweep.networks["B2"].widths
