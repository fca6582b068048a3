"""The table of claims in Markdown and as JSON; what a verdict rests on."""

import pytest

from stages.claims.printed import CLAIMS
from stages.claims.verdict import (
    COLLAPSED,
    LONGEST,
    NOT,
    OPEN,
    REPRODUCED,
    SHRINKS,
    YES,
    Verdict,
    entries,
    evidence,
    short_table,
    table,
    with_nature,
)


def test_the_table_has_a_row_a_claim():
    verdicts = [
        Verdict("T2", REPRODUCED, "30", "a number"),
        Verdict("Q1", "B1: no", "×1", "", brief="no (indication: 3 runs)"),
    ]
    assert table(verdicts).splitlines()[:3] == [
        "|  | the paper | here | measured |",
        "| --- | --- | --- | --- |",
        "| T2 | parameter counts of Table 1 | **reproduced** | a number |",
    ]
    claim = CLAIMS["Q1"]
    assert short_table(entries(verdicts)).splitlines()[1:] == [
        "| --- | --- | --- | --- | --- |",
        f"| T2 | {CLAIMS['T2'].short} | {CLAIMS['T2'].authors} | 30 | reproduced |",
        f"| Q1 | {claim.short} | {claim.authors} | ×1 | no (3 runs) |",
    ]


def test_a_claim_names_the_networks_it_is_judged_on():
    found = Verdict("T3", REPRODUCED, "", "", ["B1", "B2"])
    assert (
        found.claim == "the modified rule reaches lower absolute error (Figure 3; B1 and B2 here)"
    )


@pytest.mark.parametrize(
    ("runs", "steps", "mark"),
    [
        (10, 2500, ""),
        (1, 2500, " (indication: 1 run)"),
        (10, 60, " (indication: 60 steps)"),
        (3, 1, " (indication: 3 runs, 1 step)"),
    ],
)
def test_few_runs_or_steps_are_an_indication(runs: int, steps: int, mark: str):
    assert evidence(runs, "run", 10, steps, 2500).marked(NOT) == NOT + mark
    assert evidence(runs, "seed", runs).marked(NOT) == NOT


def test_what_lacks_stands_in_the_file_as_numbers():
    for rests, lacking in (
        (evidence(3, "seed", 10), {"runs": 3}),
        (evidence(10, "run", 10, 60, 2500), {"steps": 60}),
        (evidence(3, "run", 10, 60, 2500), {"runs": 3, "steps": 60}),
        (evidence(10, "run", 10), None),
    ):
        found = Verdict.of("T7", [OPEN], rests, "", "")
        assert entries([found])["T7"].get("lacking") == lacking


def test_of_a_claim_of_our_own_nothing_is_reproduced():
    words = [f"training mode {REPRODUCED}; eval mode {NOT}"]
    assert Verdict.of("G1", words, evidence(1, "seed", 1), "", "").verdict == words[0]
    found = Verdict.of("R1", words, evidence(1, "seed", 1), "", "")
    assert found.verdict == "training mode yes; eval mode no"
    assert Verdict.of("R2", [REPRODUCED], evidence(1, "seed", 1), "", "").verdict == YES


def test_networks_that_a_claim_was_judged_on_stand_in_the_file():
    verdicts = [Verdict("T7", OPEN, "", "", ["B1"]), Verdict("T6", OPEN, "", "")]
    assert [row.get("networks") for row in entries(verdicts).values()] == [["B1"], None]


def test_a_brief_verdict_fits():
    rests = evidence(1, "run", 10, 10, 2500)
    for verdict in (REPRODUCED, NOT, OPEN):
        found = Verdict.of("T5", with_nature(verdict, SHRINKS), rests, "", "")
        assert found.verdict == f"{verdict}, {SHRINKS} (indication: 1 run, 10 steps)"
        assert found.brief == f"{verdict}, shrinks (indication: 1 run, 10 steps)"
    long = Verdict.of("T5", [NOT * 4, NOT * 3], rests, "", "")
    assert long.brief == f"{NOT * 3} (1 run, 10 steps)" and len(long.brief) <= LONGEST
    short = Verdict.of("T6", with_nature(REPRODUCED, COLLAPSED), evidence(1, "run", 1), "", "")
    assert (short.verdict, short.brief) == (f"{REPRODUCED}, {COLLAPSED}", "")
