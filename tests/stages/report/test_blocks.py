"""What the blocks of the READMEs hold."""

import json

from stages.report import blocks


def test_claims_are_shown_in_short():
    short = {"claim": "a", "authors": "b", "ours": "c", "verdict": "d"}
    files = {"metrics/laptop/claims.json": json.dumps({"T6": short})}
    assert blocks.claims(files.__getitem__).splitlines()[-1] == "| T6 | a | b | c | d |"


def test_verdicts_have_a_row_a_claim_and_a_column_a_network():
    ledger = {
        "T3": {"B2": {"verdict": "x"}, "B1": {"verdict": "y"}},
        "T6": {"B1": {"verdict": "z"}},
    }
    assert blocks.overview(ledger).splitlines() == [
        "|  | B1 | B2 |",
        "| --- | --- | --- |",
        "| T3 | y | x |",
        "| T6 | z | – |",
    ]
