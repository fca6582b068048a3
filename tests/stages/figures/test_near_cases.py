import json
import math
from pathlib import Path

from stages.common import params
from stages.figures import near_cases
from tests import ROOT

COMPARED = {"runs": 5, "log10_ratio": -1.0, "low": -2.0, "high": 0.5}


def test_what_is_not_predicted_is_no_number(tmp_path: Path):
    found = {
        "n5": {"steps": 9, "modified_over_ordinary": COMPARED}
        | {"predicted_edge": {"modified": 1.5, "ordinary": 0.1}},
        "n5_adam": {"steps": 9, "modified_over_ordinary": COMPARED, "predicted_edge": None},
    }
    (tmp_path / "near.json").write_text(json.dumps(found))
    start = params.read(ROOT / "params.yaml", params.Laptop).near.cases["n100"]
    cases, named = dict.fromkeys(found, start), near_cases.names_of
    table = near_cases.ratios(tmp_path / "near.json", cases, named).set_index("case")
    assert set(table.name) == {"n = 100, bias 4"}
    assert table.edge_modified["n5"] == 1.5 and table.edge_ordinary["n5"] == 0.1
    assert math.isnan(table.edge_modified["n5_adam"])
    assert table.log10_ratio.tolist() == [-1.0, -1.0]


def test_a_name_tells_what_differs():
    cases = params.read(ROOT / "stages/pipelines/paper/params.yaml", params.Paper).near.cases
    names = near_cases.names_of(cases)
    assert len(set(names.values())) == len(cases)
    assert names["n20_noise_0_05"] == "n = 20, bias 4, noise 0.05"
    assert names["n20_layers_2"] == "n = 20, bias 4, noise 0.1, 2 layers"
    assert names["n20_null_5"] == "n = 20, bias 4, noise 0.1, rank 15"
    assert names["n100_adam"] == "n = 100, bias 4, noise 0.1, Adam"
    alike = {name: case for name, case in cases.items() if case.noise == 0.1}
    assert near_cases.names_of(alike)["n20_linear"] == "n = 20, bias 4, linear"


def test_a_centred_case_is_named_by_what_is_centred_and_trained():
    cases = params.read(ROOT / "stages/pipelines/paper/params.yaml", params.Paper).centring.cases
    names = near_cases.centred_names_of(cases)
    assert len(set(names.values())) == len(cases)
    assert names["n20_mean"] == "n = 20, 1 layer, data's mean 4"
    assert names["n20_two_second"] == "n = 20, 2 layers, layer 2 trained alone"
    assert names["n20_two_centred"] == "n = 20, 2 layers, layer 2 centred"
    assert names["n20_three_centred"] == "n = 20, 3 layers, layers 2 and 3 centred"
    assert names["n20_two_mean_centred"] == "n = 20, 2 layers, data's mean 4, centred"
