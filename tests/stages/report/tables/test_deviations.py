from stages.report.tables.deviations import deviations_table


def test_a_row_is_a_rule_of_a_network_and_an_epoch_that_is_not_printed_has_a_dash():
    def at(median: float, largest: float) -> dict[str, float]:
        return {"median_deviation": median, "largest_deviation": largest}

    epochs = {"10": at(1.01, 1.02), "2500": at(1.1, 3.0)}
    rule = {"runs": 5, "lines": 15, "at_epochs": epochs} | at(1.05, 3.0)
    table = deviations_table({"B2": {"fixed": {"rules": {"modified": rule}}}})
    head, _, row = table.strip().splitlines()
    assert head.count("epoch") == 5
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:5] == ["B2", "modified", "5", "15", "1.0 % / 2.0 %"]
    assert cells[5:] == ["–", "–", "10.0 % / ×3", "5.0 % / ×3"]


def test_a_rule_without_a_printed_line_has_dashes():
    nothing = {"median_deviation": None, "largest_deviation": None}
    rule = {"runs": 10, "lines": 0, "at_epochs": {}} | nothing
    table = deviations_table({"B4": {"fixed": {"rules": {"modified": rule}}}})
    assert table.strip().splitlines()[-1].count("–") == 5
