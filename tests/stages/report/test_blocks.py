"""What the blocks of the READMEs hold."""

import json

import pytest

from stages.claims.printed import OURS
from stages.report import blocks
from tests.stages.report.written import Written


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
    assert blocks.claims(Written(files)).splitlines()[2:] == [
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
def test_a_table_of_files_that_are_not_there_waits_for_them(name: str):
    assert blocks.BLOCKS[name](Written({})) == "Not run yet.\n"


def test_lines_so_far_are_beside_those_of_other_widths():
    rule = {"runs": 3, "lines": 2, "median_deviation": 1.01, "largest_deviation": 1.02}
    found = {"fixed": {"rules": {"modified": rule | {"at_epochs": {}}}}}
    files = Written(
        {
            "metrics/paper/published_B3_so_far.json": json.dumps(found),
            "metrics/paper/stand_in.json": json.dumps({"n128": found}),
        }
    )
    rows = blocks.BLOCKS["deviations by epoch"](files).strip().splitlines()[2:]
    assert [row.split(" | ")[0] for row in rows] == ["| B3", "| n128"]


def test_an_output_that_is_whole_goes_before_what_there_was_so_far():
    rule = {"runs": 3, "lines": 2, "median_deviation": 1.01, "largest_deviation": 1.02}
    found = {"fixed": {"rules": {"modified": rule | {"at_epochs": {}}}}}
    other = {"fixed": {"rules": {"modified": rule | {"runs": 10, "at_epochs": {}}}}}
    parts = {"metrics/paper/published_B3_so_far.json": json.dumps(found)}
    whole = {"metrics/paper/published_B3.json": json.dumps(other)}
    shown = blocks.BLOCKS["deviations by epoch"]
    assert shown(Written(parts | whole)) == shown(Written(whole)) != shown(Written(parts))
