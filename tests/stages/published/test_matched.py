import numpy as np
import pandas as pd
import pytest

from stages.published import matched
from stages.published.curves import FOLDER, read_errors
from tests import ROOT

N = 100  # the width of B2


def lines_of(law, labels: dict[str, list[float]], epochs=(0, 100, 500)) -> pd.DataFrame:
    return pd.DataFrame(
        {"network": "B2", "rule": rule, "learning_rate": rate, "epoch": epoch}
        | {"error": law(rate * (1 if rule == "modified" else 2 / N), epoch), "uncertainty": 0.001}
        for rule, rates in labels.items()
        for rate in rates
        for epoch in epochs
    )


def test_lines_that_depend_on_the_matched_rate_alone_agree():
    labels = {"modified": [0.001, 0.01, 1.0], "ordinary": [0.05, 0.1, 1.0]}
    table = matched.at_equal_rates(lines_of(lambda rate, epoch: rate**-0.3 / (1 + epoch), labels))
    assert sorted(set(table.modified_label)) == [0.001, 0.01]  # 1.0 would be 50: not printed
    np.testing.assert_allclose(table.ordinary_label, table.modified_label * N / 2)
    np.testing.assert_allclose(table.ratio, 1, rtol=1e-12)


def test_a_rule_that_leads_shows():
    curves = lines_of(
        lambda rate, epoch: 1 / (1 + epoch), {"modified": [0.01], "ordinary": [0.1, 1]}
    )
    curves.loc[curves.rule == "modified", "error"] *= 0.5
    table = matched.at_equal_rates(curves)
    assert table.ratio.tolist() == pytest.approx([0.5, 0.5, 0.5])


def test_nothing_is_extrapolated():
    curves = lines_of(lambda rate, epoch: 1.0, {"modified": [1e-6], "ordinary": [0.1, 1.0]})
    assert matched.at_equal_rates(curves).empty


def test_the_published_lines_of_both_rules_are_one_up_to_epoch_200():
    numbers = matched.headline(matched.at_equal_rates(read_errors(ROOT / FOLDER / "errors.csv")))
    for network in ("B2", "B3"):
        assert 0.97 < numbers[network]["early_low"] < numbers[network]["early_high"] < 1.03
    assert numbers["B3"]["end_high"] > 1.5  # there the ordinary rule leads
    assert numbers["B2"]["end_low"] < 0.9  # there the modified one
