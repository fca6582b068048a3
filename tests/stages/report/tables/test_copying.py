from typing import Any

from stages.common import params
from stages.report.tables.copying import copying_table
from tests.stages.claims.sweeps.test_near import case


def test_a_row_has_errors_and_reconstructions_before_and_after():
    found: dict[str, Any] = case(-2, -1) | {"reconstruction": 0.4}
    for rule, after in (("modified", 0.41), ("ordinary", 0.437)):
        found[rule] = found[rule] | {"reconstruction": after}
    cases = {
        name: params.CopyingCase(widths=[20, 10, 20], input_mean=4.0, runs=10)
        for name in ("missing", "a")
    }
    lines = copying_table({"a": found}, cases).splitlines()
    assert len(lines) == 3
    assert lines[2] == (
        "| 20–10–20 | 4 | 0.4 | 0.0001 at 0.1 | 0.0001 at 0.1 | ×0.032 [0.01, 0.1] "
        "| 0.4 | 0.41 | 0.437 | 10 |"
    )


def test_where_no_rate_keeps_the_reconstruction_it_says_so():
    none = dict.fromkeys(("best_rate", "log10_relative_error", "reconstruction"))
    found = case(None, None) | {"reconstruction": 0.4, "modified": none, "ordinary": none}
    shape = params.CopyingCase(widths=[5, 5], input_mean=0.0, runs=1)
    line = copying_table({"a": found}, {"a": shape}).splitlines()[2]
    assert (
        line
        == "| 5–5 | 0 | 0.4 | none keeps it | none keeps it | not measurable | 0.4 | – | – | 10 |"
    )
