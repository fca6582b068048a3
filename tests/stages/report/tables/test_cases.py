from stages.report.tables.cases import cases_table


def test_rows_stand_in_the_order_of_the_parameters_without_what_was_not_measured():
    table = cases_table(
        ["case", "found"],
        lambda found, case: [case, found],
        {"b": "second", "a": "first"},
        {"a": "A", "missing": "M", "b": "B"},
    )
    assert table.splitlines()[2:] == ["| A | first |", "| B | second |"]
    assert table.endswith("\n")
