"""What the blocks of the READMEs hold."""

from stages.report import blocks


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
