import pytest

from stages.common import params
from stages.published.experiments import grids, rates_of, readings
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
            rates = lanes[reading.data, reading.start]
            for rule, of_rule in rates_of(settings, reading, network).items():
                swept = [f"{rate:.6g}" for rate in rates.rates(rule)]
                assert len(set(swept)) == len(swept)
                assert set(of_rule.values()) <= set(swept)
                asked |= {(reading.data, reading.start, rule, rate) for rate in of_rule.values()}
        swept = [len(of.rates(rule)) for of in lanes.values() for rule in ("modified", "ordinary")]
        assert sum(swept) == len(asked)


def test_the_base_alone_may_have_more_runs(settings: params.Paper):
    lines = settings.readings.networks["B2"].model_copy(update={"runs": 2, "base_runs": 7})
    section = settings.readings.model_copy(update={"networks": {"B2": lines}})
    base = readings(section)[0]
    found = grids(settings.model_copy(update={"readings": section}), "B2")
    runs = {place: grid.runs for place, grid in found.items()}
    assert runs.pop((base.data, base.start)) == 7
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
