import json

import pytest
import yaml

from stages.report import compare
from tests import ROOT

TOLERANCES = [
    {"match": "a.json:x.*", "relative": 0.1},
    {"match": "a.json:*.noise", "any": True},
    {"match": "a.json:y", "absolute": 0.5},
]


@pytest.mark.parametrize(
    ("committed", "found", "differs"),
    [
        ({"x": {"u": 1.0}}, {"x": {"u": 1.05}}, False),
        ({"x": {"u": 1.0}}, {"x": {"u": 1.2}}, True),
        ({"y": 0}, {"y": 0.4}, False),
        ({"z": 1.0}, {"z": 1.0000001}, True),
        ({"z": {"noise": 1.0}}, {"z": {"noise": 7}}, False),
        ({"z": {"noise": 1.0}}, {"z": {"noise": None}}, False),
        ({"z": {"noise": 1.0}}, {"z": {"noise": "x"}}, True),
        ({"z": "holds"}, {"z": "does not hold"}, True),
        ({"x": {"u": 1.0}}, {}, True),
        ({}, {"new": 1.0}, True),
        ({"z": [1, 2]}, {"z": [1, 3]}, True),
    ],
)
def test_a_number_may_be_as_far_off_as_its_tolerance(committed: dict, found: dict, differs: bool):
    differences = compare.compare(
        "a.json", compare.flatten(committed), compare.flatten(found), TOLERANCES
    )
    assert bool(differences) == differs


def test_a_difference_names_file_key_and_values():
    (difference,) = compare.compare("a.json", {"z": 1.0}, {"z": 2.0}, TOLERANCES)
    assert str(difference) == "a.json: z: committed 1.0, found 2.0 (tolerance none)"


def test_every_committed_metric_equals_itself():
    tolerances = yaml.safe_load((ROOT / compare.TOLERANCES).read_text())
    for file in sorted((ROOT / compare.METRICS).glob("*.json")):
        numbers = compare.flatten(json.loads(file.read_text()))
        assert not compare.compare(file.name, numbers, numbers, tolerances)
