"""The ledger as tables and as JSON."""

from stages.claims.printed import CLAIMS
from stages.claims.verdict import REPRODUCED, Verdict, entries, short_table, table


def test_the_table_has_a_row_a_claim():
    ledger = [
        Verdict("T2", REPRODUCED, "30", "a number"),
        Verdict("Q1", "B1: no", "×1", "", brief="no"),
    ]
    assert table(ledger).splitlines()[:3] == [
        "|  | the paper | here | measured |",
        "| --- | --- | --- | --- |",
        "| T2 | parameter counts of Table 1 | **reproduced** | a number |",
    ]
    claim = CLAIMS["Q1"]
    assert short_table(entries(ledger)).splitlines()[1:] == [
        "| --- | --- | --- | --- | --- |",
        f"| T2 | {CLAIMS['T2'].short} | {CLAIMS['T2'].authors} | 30 | reproduced |",
        f"| Q1 | {claim.short} | {claim.authors} | ×1 | no |",
    ]


def test_a_claim_names_the_networks_it_is_judged_on():
    found = Verdict("T3", REPRODUCED, "", "", ["B1", "B2"])
    assert (
        found.claim == "the modified rule reaches lower absolute error (Figure 3; B1 and B2 here)"
    )
