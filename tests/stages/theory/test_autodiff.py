"""Stage autodiff: its examples are what the appendix says they are, and its verdicts can fail."""

import copy
import json
import math
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
import yaml

from stages.common import params
from stages.text.page import page
from stages.theory import asymmetries, autodiff, drawn, fixed_points
from stages.theory.shown_code import SHOWN
from tests import ROOT

FILES = ("autodiff.json", "appendix_c.md", "autodiff_nodes.csv")
CONTENT = {
    "seed": 1,
    "widths": [3, 4, 3],
    "batch_size": 5,
    "negative_slope": 0.2,
    "items": 16,
    "size": 3,
    "networks": {"one_layer": [3, 3]},
    "steps": 3,
    "learning_rate": 0.3,
    "gammas": [0.5, 1.0],
    "tolerance": 1e-12,
}
SECTION = params.Autodiff.model_validate(CONTENT)


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    return autodiff.measure(
        SECTION, {rule: autodiff.graph(SECTION, rule) for rule in autodiff.RULES}
    )


@pytest.fixture
def found(measured: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(measured)


def test_what_the_code_sends_back_is_the_closed_form(found: dict[str, Any]):
    by_rule = found["log10_difference_from_closed_form"]
    assert set(by_rule) == {"modified", "ordinary"}
    assert all(set(scales) == {"matched", "sum", "mean"} for scales in by_rule.values())
    assert max(value for scales in by_rule.values() for value in scales.values()) < -14
    assert max(found["symmetric_linear"].values()) < -13


def test_a_rule_with_the_sign_reversed_is_noticed(monkeypatch: pytest.MonkeyPatch):
    sent = fixed_points.sent_back
    monkeypatch.setattr(autodiff, "sent_back", lambda *given: -sent(*given))
    differences = autodiff.closed_form_differences(SECTION)
    assert min(value for scales in differences.values() for value in scales.values()) > -3


def test_the_graphs_are_counted(found: dict[str, Any]):
    modified, ordinary = (found["graphs"][rule] for rule in ("modified", "ordinary"))
    assert (modified["ways_to_a_parameter"], ordinary["ways_to_a_parameter"]) == (1, 2)
    assert (modified["unrecorded_applications"], ordinary["unrecorded_applications"]) == (2, 0)
    assert ordinary["saved_bytes"] == 2 * modified["saved_bytes"] == 2 * 2 * 7 * 5 * 4
    assert ordinary["nodes"] > modified["nodes"]


def test_the_symmetric_linear_cases_alone_are_symmetric(found: dict[str, Any]):
    judged = found["gradient_of_a_loss"]
    assert judged["symmetric_cases"] == {"modified": 2, "ordinary": judged["cases"]}
    assert judged["cases"] == 5 + 2
    assert judged["modified_on_symmetric_matrices"] and judged["ordinary_in_general"]
    assert not judged["modified_in_general"]
    assert judged["least_asymmetry_elsewhere"] > 0.01


def test_symmetry_everywhere_would_be_said(found: dict[str, Any]):
    for of_case in found["asymmetry"].values():
        of_case["modified"] = 0.0
    judged = asymmetries.symmetric_cases(SECTION, found)
    assert judged["modified_in_general"]
    assert judged["least_asymmetry_elsewhere"] == 0


def test_every_example_stands_still_and_is_not_idempotent(found: dict[str, Any]):
    assert found["not_idempotent"] == {"examples": 5, "confirmed": 5, "repelling": 3}
    points = found["fixed_points"]
    for name in ("half_identity", "mixed", "halving_network"):
        assert points[name]["asked_change"] < 1e-14
        assert points[name]["leftmost_eigenvalue"] < -0.01
    for name in ("dead_unit", "compromise"):
        assert points[name]["asked_change"] > 0.05
    for name in ("mixed", "halving_network", "dead_unit"):
        assert points[name]["log10_ordinary"] > -3


@pytest.mark.parametrize(("key", "value"), [("log10_modified", -6.0), ("idempotent_error", 1e-15)])
def test_an_example_that_moves_or_is_idempotent_does_not_count(found: dict, key: str, value: float):
    found["fixed_points"]["dead_unit"][key] = value
    assert autodiff.stationary_maps(SECTION, found)["confirmed"] == 4


@pytest.mark.parametrize("slope", [0.1, 0.2, 0.7])
def test_the_halving_network_halves_what_is_negative(slope: float):
    x = torch.tensor([[2.0, -3.0], [-0.5, 0.0]], dtype=torch.float64)
    expected = torch.where(x > 0, x, x / 2)
    torch.testing.assert_close(fixed_points.halving_network(2, slope)(x), expected)


@pytest.mark.parametrize("slope", [0.0, 0.2, 0.5])
def test_the_compromise_solves_its_cubic(slope: float):
    k = fixed_points.compromise(slope)["k"]
    cubic = (1 + slope**2) - 3 * (1 + slope**3) * k + 2 * (1 + slope**4) * k**2
    assert cubic == pytest.approx(0, abs=1e-14)
    assert 0.5 < k <= 1


def test_the_dead_unit_has_the_numbers_of_the_text():
    found = fixed_points.dead_unit()
    assert (found["idempotent_error"], found["asked_change"]) == (0.5, 1.0)
    assert found["leftmost_eigenvalue"] == 0


def test_a_map_that_is_no_fixed_point_is_sent_something():
    x = drawn.whitened(SECTION)
    K = 0.4 * torch.eye(3, dtype=torch.float64)
    assert fixed_points.stationarity(fixed_points.linear(K), x)["log10_modified"] > -2


def test_errors_are_logarithms_from_rounding_on():
    assert fixed_points.log10(-1e-3) == pytest.approx(-3)
    assert fixed_points.log10(0.0) == pytest.approx(math.log10(2**-52))


def test_whitened_items_have_the_identity_as_second_moment():
    x = drawn.whitened(SECTION)
    torch.testing.assert_close(x.mT @ x / len(x), torch.eye(3, dtype=torch.float64))


def test_the_page_is_well_formed_and_has_formulas_code_tables_and_the_figure(found: dict):
    text = autodiff.appendix(SECTION, found)
    root = ElementTree.fromstring(page(text, title="Appendix C"))[1]
    assert len(list(root.iter("pre"))) == len(SHOWN)
    assert len(list(root.iter("table"))) == 4
    assert [image.attrib["src"] for image in root.iter("img")] == ["appendix/figure_autodiff.png"]
    body = "".join(root.itertext())
    prose = re.sub(r"(?s)class Substitute.*C\.3 ", "", body)
    assert "C.4" in prose
    assert not re.search(r"\$|\\[a-z]|\*\*|\bnan\b|[{}]", prose)


def test_the_text_takes_its_numbers_from_the_measurements(found: dict[str, Any]):
    found["fixed_points"]["dead_unit"]["asked_change"] = 0.123
    found["graphs"]["ordinary"]["nodes"] = 987
    found["asymmetry"]["general_whitened"]["modified"] = 0.456
    text = autodiff.appendix(SECTION, found)
    assert all(number in text for number in ("0.123", "987", "0.456"))


def test_the_text_says_what_becomes_of_perturbations_and_whether_it_may_be_a_gradient(
    found: dict[str, Any],
):
    text = autodiff.appendix(SECTION, found)
    assert "the dead unit stays where it is, and the compromise" in text
    assert "attracts." in text
    assert "the gradient of no loss. The value" in text
    for case in found["asymmetry"].values():
        case["modified"] = 0.0
    found["fixed_points"]["dead_unit"]["leftmost_eigenvalue"] = -1.0
    text = autodiff.appendix(SECTION, found)
    assert "the dead unit repels, and" in text
    assert "In no case was it seen not to be a gradient." in text


def test_the_stage_writes_the_same_bytes_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["autodiff"] = CONTENT
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    written = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        options = ["--params", str(tmp_path / "params.yaml"), "--metrics", str(folder)]
        monkeypatch.setattr(sys, "argv", ["autodiff", *options])
        autodiff.main()
        written.append([(folder / name).read_bytes() for name in FILES])
    assert written[0] == written[1]
    assert json.loads(written[0][0])["C"]["log10_largest_difference"] < -14


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"items": 3}, "items above size, 3, or they cannot be whitened"),
        ({"widths": [3, 4]}, "a last width equal to the first, as an idempotent map needs"),
        ({"networks": {"a": [2, 3]}}, "a last width equal to the first"),
        ({"size": 2}, "greater than or equal to 3"),
    ],
)
def test_wrong_parameters_are_named(change: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        params.Autodiff.model_validate(CONTENT | change)
