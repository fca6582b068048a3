"""What the blocks of the READMEs hold."""

import json

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
