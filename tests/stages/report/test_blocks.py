"""What the blocks of the READMEs hold."""

import json
from pathlib import Path

import pytest

from stages.claims.printed import OURS
from stages.report import blocks


def test_claims_that_were_run_are_shown_in_short():
    short = {"claim": "a", "authors": "b", "ours": "c", "verdict": "d"}
    longer = short | {"verdict": "long", "brief": "e"}
    tables = {
        "laptop": {"T6": short, "T7": short | {"verdict": "not run"}, "G1": short, "G3": short},
        "paper": {"T6": {"B1": {"verdict": "x", "brief": "y", "ours": "z"}}, "T7": {}},
        "study": {"R1": short | {"authors": OURS}, "G1": longer},
        "celeba": {"Q2": short, "G2": short, "R4": longer | {"claim": "does it?", "authors": OURS}},
    }
    files = {f"metrics/{name}/claims.json": json.dumps(table) for name, table in tables.items()}
    assert blocks.claims(files.__getitem__).splitlines()[2:] == [
        "| T6 (paper) | a | b | z | y |",
        "| G1 (study) | a | b | c | e |",
        "| G2 (celeba) | a | b | c | d |",
        "| G3 | a | b | c | d |",
        "",
        "Claims of our own:",
        "",
        "- R1 (study) a: d",
        "- R4 (celeba) does it: e",
        "",
        "Not run yet: T7, batch sizes give comparable results.",
    ]


def test_verdicts_have_a_row_a_claim_and_a_column_a_network():
    claims = {
        "T3": {"B2": {"verdict": "x"}, "B1": {"verdict": "y"}},
        "T6": {"B1": {"verdict": "z"}},
    }
    assert blocks.overview(claims).splitlines() == [
        "|  | B1 | B2 |",
        "| --- | --- | --- |",
        "| T3 | y | x |",
        "| T6 | z | – |",
    ]


@pytest.mark.parametrize("name", ["deviations by epoch", "errors over those without a rule"])
def test_a_table_of_files_that_lie_there_waits_for_them(name: str, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert blocks.BLOCKS[name](str) == "Not run yet.\n"


def test_lines_so_far_are_beside_those_of_other_widths(tmp_path: Path, monkeypatch):
    folder = tmp_path / "metrics/paper"
    folder.mkdir(parents=True)
    rule = {"runs": 3, "lines": 2, "median_deviation": 1.01, "largest_deviation": 1.02}
    found = {"fixed": {"rules": {"modified": rule | {"at_epochs": {}}}}}
    (folder / "published_B3_so_far.json").write_text(json.dumps(found))
    (folder / "stand_in.json").write_text(json.dumps({"n128": found}))
    monkeypatch.chdir(tmp_path)
    rows = blocks.BLOCKS["deviations by epoch"](str).strip().splitlines()[2:]
    assert [row.split(" | ")[0] for row in rows] == ["| B3", "| n128"]
