"""Stage cost: its table, and how it grows."""

import json
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.common import params
from stages.landscape import cost
from tests import ROOT

SECTION = params.Cost(batch_size=10, depths=[1, 2, 4, 8, 16], widths=[4, 32])


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return cost.measure(SECTION)


def test_every_rule_width_and_depth_has_a_row(table: pd.DataFrame):
    assert len(table) == 2 * 2 * 5
    assert not table.duplicated(["rule", "width", "depth"]).any()
    assert np.isfinite(table.drop(columns="rule").to_numpy(dtype=float)).all()


def test_the_headline_agrees_with_the_derivation(table: pd.DataFrame):
    found = cost.headline(SECTION, table)
    assert found["counts_equal_to_exact"] == found["counts"] == 40
    expected = {"flops_ratio": (6 - 1 / 16) / (5 - 1 / 16), "saved_bytes_ratio": 2}
    assert found["ordinary_over_modified"]["width_4"] == pytest.approx(expected)
    assert found["exponents"]["ordinary"]["width_32"]["saved_bytes"] == pytest.approx(1)
    assert found["table_1"]["B3"]["ordinary"]["forward_equivalents"] == 5.5
    assert found["exponents_before"]["modified"]["width_4"]["saved_bytes"] == pytest.approx(1)


def test_a_count_that_is_not_the_exact_one_is_noticed(table: pd.DataFrame):
    wrong = table.assign(saved_bytes=table.saved_bytes + (table.index == 3))
    assert cost.equal_to_exact(wrong) == 2 * len(table) - 1


def test_the_order_of_rows_does_not_matter(table: pd.DataFrame):
    assert cost.growth(table[::-1], -2) == cost.growth(table, -2)


def test_exponents_are_slopes_between_neighbouring_depths():
    rows = pd.DataFrame({"depth": [4, 1, 2], "flops": [64, 1, 2]})
    assert cost.exponents(rows, "flops") == pytest.approx([1, 5])


def test_depths_that_do_not_ascend_are_refused():
    with pytest.raises(ValueError, match="depths in ascending order that all differ"):
        params.Cost(batch_size=1, depths=[1, 4, 2], widths=[4])


def test_the_stage_writes_the_same_bytes_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["cost"] = SECTION.model_dump()
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    written = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        options = ["--params", str(tmp_path / "params.yaml"), "--metrics", str(folder)]
        monkeypatch.setattr(sys, "argv", ["cost", *options])
        cost.main()
        written.append([(folder / f"cost.{kind}").read_bytes() for kind in ("csv", "json")])
    assert written[0] == written[1]
    assert json.loads(written[0][1])["counts"] == 40


def test_committed_paths_are_finite_although_their_numbers_are_not_small():
    widest = cost.count([1024] * 33, "ordinary", 1)
    assert widest["log10_expanded_paths"] == pytest.approx(65 * math.log10(1024), rel=1e-3)
