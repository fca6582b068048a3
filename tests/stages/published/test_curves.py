from pathlib import Path

import pandas as pd
import pytest

from idem.rule.loss import RULES
from stages.published import curves
from tests import ROOT

PUBLISHED = ROOT / curves.FOLDER / "errors.csv"


def test_every_published_line_is_there():
    table = curves.read_errors(PUBLISHED)
    lines = table.groupby(["network", "rule"]).learning_rate.nunique().to_dict()
    assert lines == {
        ("B2", "modified"): 15,
        ("B2", "ordinary"): 15,
        ("B3", "modified"): 7,  # the modified rule improves up to a rate of 0.22 there
        ("B3", "ordinary"): 15,
    }
    assert table.error.notna().all()
    assert table.uncertainty.between(0, 0.05).all()
    assert set(table.epoch) >= {0, 10, 100, 500, 2500}


def test_the_rules_are_those_of_the_library():
    assert curves.RULES == tuple(RULES)


def test_what_is_covered_is_left_out(tmp_path: Path):
    path = tmp_path / "errors.csv"
    path.write_text(
        f"{','.join(curves.COLUMNS)}\nB2,modified,0.07,0,,\nB2,modified,0.07,1,0.5,0.1\n"
    )
    assert curves.read_errors(path).epoch.tolist() == [1]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("B9,modified,0.07,0,0.5,0.1", "line 2: network: expected one of B1, B2, B3, B4, got B9"),
        ("B2,both,0.07,0,0.5,0.1", "line 2: rule: expected one of modified, ordinary, got both"),
        (
            "B2,modified,-1,0,0.5,0.1",
            "line 2: learning_rate: expected one of .*, 1.42, got -1",
        ),
        ("B2,modified,0.1,0,0.5,0.1", "line 2: learning_rate: expected one of .*, 1.42, got 0.1"),
        (
            "B2,modified,fast,0,0.5,0.1",
            "line 2: learning_rate: expected one of .*, 1.42, got fast",
        ),
        ("B2,modified,0.07,-1,0.5,0.1", "line 2: epoch: expected 0 or more, got -1"),
        ("B2,modified,0.07,0,-0.5,0.1", "line 2: error: expected a positive number, or nothing"),
        ("B2,modified,0.07,0,0.5,", "line 2: uncertainty: expected a positive fraction beside"),
        ("B2,modified,0.07,0,,0.1", "line 2: uncertainty: expected a positive fraction beside"),
    ],
)
def test_wrong_rows_are_named(row: str, message: str, tmp_path: Path):
    path = tmp_path / "errors.csv"
    path.write_text(f"{','.join(curves.COLUMNS)}\n{row}\n")
    with pytest.raises(SystemExit, match=message):
        curves.read_errors(path)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n"])
def test_another_file_is_named(text: str, tmp_path: Path):
    path = tmp_path / "errors.csv"
    path.write_text(text)
    with pytest.raises(SystemExit, match=r"errors.csv: expected (a CSV file|the columns network)"):
        curves.read_errors(path)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(SystemExit, match="restore it: git checkout"):
        curves.read_errors(tmp_path / "errors.csv")


@pytest.mark.parametrize("name", ["gradients", "trajectory"])
def test_the_other_files_hold_numbers(name: str):
    table = pd.read_csv(ROOT / curves.FOLDER / f"{name}.csv")
    assert len(table)
    assert table.notna().all(axis=None)


def test_gradients_and_routes_are_there_whole():
    gradients = curves.read_gradients(ROOT / curves.FOLDER / "gradients.csv")
    assert set(gradients.quantity) == set(curves.QUANTITIES)
    for _, line in gradients.groupby("quantity"):
        assert line.epoch.tolist() == list(range(0, 2500, 10))
    routes = curves.read_routes(ROOT / curves.FOLDER / "trajectory.csv")
    assert routes.groupby("rule").size().to_dict() == {"modified": 31, "ordinary": 31}
    assert (routes.groupby("rule")[["pc1", "pc2"]].first() == 0).all(axis=None)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("norm_x,0,1", "line 2: quantity: expected one of norm_modified, .*, got norm_x"),
        ("norm_ordinary,-1,1", "line 2: epoch: expected 0 or more, got -1"),
        ("norm_ordinary,0,0", "line 2: value: expected a positive norm, or a cosine, got 0"),
        ("cosine_separate,0,1.5", "line 2: value: expected a positive norm, or a cosine, got 1.5"),
    ],
)
def test_a_wrong_gradient_is_named(tmp_path: Path, row: str, message: str):
    path = tmp_path / "gradients.csv"
    path.write_text(f"quantity,epoch,value\n{row}\n")
    with pytest.raises(SystemExit, match=message):
        curves.read_gradients(path)


def test_a_wrong_route_is_named(tmp_path: Path):
    path = tmp_path / "trajectory.csv"
    path.write_text("rule,pc1,pc2\nmodified,0,0\nmodified,x,0\n")
    with pytest.raises(SystemExit, match="line 3: pc1: expected a number, got x"):
        curves.read_routes(path)
