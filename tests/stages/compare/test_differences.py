import pytest

from stages.compare.agreement import Comparison
from stages.compare.differences import Report, as_markdown, as_text

ROWS = [
    ("laptop", Comparison("verdict.Q2", "no", "undecided | " + "so " * 60, "", "verdict changed")),
    ("laptop", Comparison("L1.families", 3, 3, "", "same")),
    ("laptop", Comparison("G1.distance", 22.0, 26.123456789, "2 spreads", "within noise")),
    ("paper", Comparison("T3.ratio", 0.1, None, "", "changed")),
]
REPORT = Report("main", "workspace", ROWS, ["a fault"], ["a note"])


def test_the_answer_comes_first_then_the_worst(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "100")
    first, empty, head, verdict, changed, within, *rest = as_text(REPORT).splitlines()
    assert first == (
        "main and workspace cannot be said to agree: 1 verdict and 1 number changed,"
        " 1 within noise, of 1 verdict and 3 numbers compared"
    )
    assert (empty, rest) == ("", ["", "a fault", "a note"])
    assert head.split() == ["number", "main", "workspace", "difference", "word"]
    assert verdict.startswith("laptop: verdict.Q2")
    assert changed.split() == ["paper:", "T3.ratio", "0.1", "null", "changed"]
    assert within.split()[2:] == ["22", "26.1235", "2", "spreads", "within", "noise"]
    assert max(map(len, (head, verdict, changed, within))) <= 100
    assert verdict.endswith("verdict changed")


def test_markdown_has_every_word():
    said = as_markdown(REPORT)
    assert said.startswith("**main and workspace cannot")
    assert "undecided \\| so so" in said
    rows = [line for line in said.splitlines() if line.startswith("|")]
    assert len(rows) == 5
    assert said.endswith("- a fault\n- a note\n")


def test_without_a_difference_there_is_no_table():
    same = Report("HEAD", "workspace", ROWS[1:2], [], [])
    assert as_text(same) == (
        "HEAD and workspace agree: 0 verdicts and 0 numbers changed, 0 within noise,"
        " of 0 verdicts and 1 number compared"
    )
    assert "|" not in as_markdown(same)
