import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from stages.published.beside import beside, headline
from stages.published.curves import COLUMNS


def rows_of(
    errors: dict[int, list[float]], new: dict[str, float] | None = None, data: str = "fixed"
) -> pd.DataFrame:
    """Rows of one line: errors by step, a run each."""
    return pd.DataFrame(
        {"data": data, "label": 0.07, "rule": "modified", "learning_rate": 0.07, "run": run}
        | {"step": step, "absolute_error": error, "relative_error": 2.0, "diverged": error > 1e3}
        | {name: value * error for name, value in (new or {}).items()}
        for step, of_step in errors.items()
        for run, error in enumerate(of_step)
    )


def curves_of(errors: dict[int, float]) -> pd.DataFrame:
    rows = (
        {"network": "B2", "rule": "modified", "learning_rate": 0.07, "epoch": epoch}
        | {"error": error, "uncertainty": 0.001}
        for epoch, error in errors.items()
    )
    return pd.DataFrame(rows, columns=[*COLUMNS])


NEW = {"new_absolute_error": 3.0, "new_relative_error": 1.5}


def test_runs_are_averaged_as_the_authors_averaged_theirs():
    errors = [1.0, 2.0, 4.0]
    line = beside(rows_of({0: errors, 10: errors}, NEW), curves_of({10: 2.0})).set_index("epoch")
    assert line.error[10] == pytest.approx(7 / 3)
    assert line.ratio[10] == pytest.approx(7 / 6)
    assert math.isnan(line.ratio[0])
    assert line.new_error[10] == pytest.approx(7)
    interval = stats.t.interval(
        0.95, 2, loc=np.log(7 / 3), scale=np.log(errors).std(ddof=1) / math.sqrt(3)
    )
    assert (line.low[10], line.high[10]) == pytest.approx(tuple(np.exp(interval)))


def test_one_run_has_no_interval():
    line = beside(rows_of({10: [1.0]}, NEW), curves_of({10: 2.0}))
    assert line.low.isna().all()
    assert line.error.tolist() == [1.0]


def test_a_run_without_any_error_has_no_interval():
    line = beside(rows_of({10: [1.0, 0.0], 20: [0.0, 0.0]}, NEW), curves_of({}))
    assert line.error.tolist() == [0.5, 0.0]
    assert line[["low", "high"]].isna().all(axis=None)


def test_a_fresh_batch_is_new_at_its_step():
    line = beside(rows_of({10: [1.0, 3.0]}, data="fresh"), curves_of({10: 2.0}))
    assert line.new_error.tolist() == line.error.tolist() == [2.0]
    assert line.new_relative_error.tolist() == line.relative_error.tolist()


def test_a_line_ends_where_its_first_run_diverged():
    rows = rows_of({0: [1.0, 1.0], 10: [1.0, 1.0]}, NEW)
    rows = rows[(rows.run == 0) | (rows.step == 0)]
    assert beside(rows, curves_of({10: 2.0})).epoch.tolist() == [0]


def test_what_a_run_logs_as_it_diverges_is_no_error_of_the_line():
    rows = rows_of({0: [1.0, 1.0], 10: [1.0, 1e13]}, NEW)
    assert beside(rows, curves_of({10: 2.0})).epoch.tolist() == [0]


def test_the_headline_says_what_is_memorised():
    rows = rows_of({0: [1.0], 10: [0.5], 100: [0.1]}, NEW)
    rows["new_absolute_error"] = [1.0, 0.9, 0.8]
    numbers = headline(beside(rows, curves_of({0: 9.0, 10: 0.4, 100: 0.1})))["fixed"]["rules"][
        "modified"
    ]
    assert numbers["trained_fell"] == pytest.approx(10)
    assert numbers["new_fell"] == pytest.approx(1.25)
    assert numbers["largest_deviation"] == pytest.approx(1.25)  # the start is left out
    assert numbers["median_ratio"] == pytest.approx((1.25 + 1) / 2)
    assert numbers["lines"] == 1
    assert numbers["epochs"] == 100


def test_a_line_that_is_not_printed_has_no_ratio():
    numbers = headline(beside(rows_of({0: [1.0], 10: [0.5]}, NEW), curves_of({})))
    assert numbers["fixed"]["rules"]["modified"]["median_ratio"] is None
    assert numbers["fixed"]["median_deviation"] is None


def test_deviations_are_told_by_epoch_too():
    rows = rows_of({0: [8.0], 10: [3.0], 20: [1.0]}, NEW)
    lines = beside(rows, curves_of({10: 2.0, 20: 2.0}))
    at = headline(lines)["fixed"]["rules"]["modified"]["at_epochs"]
    assert {epoch: of["median_deviation"] for epoch, of in at.items()} == {
        10: pytest.approx(1.5),
        20: pytest.approx(2),
    }
