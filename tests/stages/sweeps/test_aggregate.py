"""What is made of the lanes of a sweep, the diverged ones included."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from idem.landscape.cost import exact_forward_equivalents
from stages.sweeps.aggregate import (
    ERROR_FLOOR,
    at_best_rate,
    best_rate,
    forward_equivalents,
    last_rows,
    student_interval,
    summarize,
)


def lanes_of(rule: str, errors: dict[float, list[float]]) -> list[dict]:
    """Two logged rows a lane: initial error 1, and the final one given (infinite: diverged)."""
    rows = []
    for rate, finals in errors.items():
        for run, final in enumerate(finals):
            lane = {"rule": rule, "learning_rate": rate, "run": run, "output_spread": 0.5}
            for step, error in ((0, 1.0), (9, final)):
                rows.append(
                    lane
                    | {"step": step, "absolute_error": error, "relative_error": error}
                    | {"loss": error, "diverged": math.isinf(error)}
                )
    return rows


def rows_of(errors: dict[float, list[float]], **columns: list[float]) -> pd.DataFrame:
    """Lanes of the modified rule; a column's two values are those of the first and last row."""
    rows = pd.DataFrame(lanes_of("modified", errors))
    return rows.assign(**{name: pair * (len(rows) // 2) for name, pair in columns.items()})


def summary_of(errors: dict[float, list[float]], **columns: list[float]) -> pd.DataFrame:
    return summarize(last_rows(rows_of(errors, **columns))).set_index("learning_rate")


def test_the_summary_discards_as_the_paper_does_and_keeps_count():
    summary = summary_of({0.1: [0.5, 0.3, 2.0], 0.2: [math.inf] * 3})
    assert summary.improved.tolist() == [2, 0]
    assert summary.discarded.tolist() == [1, 3]
    assert summary.diverged.tolist() == [0, 3]
    assert summary.mean_error_of_improved[0.1] == pytest.approx(0.4)
    assert math.isnan(summary.mean_error_of_improved[0.2])
    assert summary.median_error.tolist() == [0.5, math.inf]


def test_the_geometric_mean_of_all_runs_lies_within_its_interval():
    errors = [0.1, 0.01, 0.2, 0.3, 0.04]
    row: Any = summary_of({0.1: errors}).loc[0.1]
    mean = row.geometric_mean_error
    assert mean == pytest.approx(math.prod(errors) ** (1 / 5))
    assert row.geometric_mean_error_low < mean < row.geometric_mean_error_high


def test_students_interval_covers_what_it_says_and_is_that_of_scipy():
    generator = np.random.default_rng(0)
    samples = [3 + generator.normal(size=4) for _ in range(2000)]
    found = [student_interval(sample) for sample in samples]
    assert 0.94 < np.mean([low < 3 < high for low, high in found]) < 0.96
    expected = stats.ttest_1samp(samples[0], 0).confidence_interval(0.9)
    assert student_interval(samples[0], 0.9) == pytest.approx(tuple(expected))


@pytest.mark.parametrize("sample", [[], [1.0], [1.0, math.inf], [1.0, math.nan]])
def test_there_is_no_interval_of_one_run_or_of_one_that_diverged(sample: list[float]):
    assert np.isnan(student_interval(np.array(sample))).all()


def test_zeros_count_as_the_floor_in_the_geometric_mean():
    summary = summary_of({0.1: [0.0, 0.0], 0.2: [0.0, 1.0]})
    assert summary.geometric_mean_error.tolist() == pytest.approx([ERROR_FLOOR, ERROR_FLOOR**0.5])


def test_one_run_has_a_mean_but_no_interval():
    row: Any = summary_of({0.1: [0.5]}).loc[0.1]
    assert row.geometric_mean_error == pytest.approx(0.5)
    assert row[["geometric_mean_error_low", "geometric_mean_error_high"]].isna().all()


def test_a_run_that_diverged_is_in_the_mean_and_leaves_it_no_interval():
    row: Any = summary_of({0.1: [0.5, 0.4, math.inf]}).loc[0.1]
    assert row.geometric_mean_error == math.inf
    assert math.isnan(row.geometric_mean_error_high)
    assert row.first_divergence_step == 9


def test_where_all_lanes_diverged_the_summary_says_so():
    summary = summary_of({0.1: [math.inf] * 2, 0.2: [math.inf] * 2})
    assert (summary.diverged == summary.runs).all()
    assert (summary.discarded == summary.runs).all()
    errors = ["median_error", "geometric_mean_error", "lowest_error"]
    assert np.isinf(summary[errors]).all(axis=None)
    measured = ["median_output_spread", "median_jacobian_rank", "mean_error_of_improved"]
    assert summary[measured].isna().all(axis=None)


def test_what_is_measured_besides_is_the_median_of_the_runs_that_stayed():
    errors = {0.1: [0.5, math.inf]}
    rows = rows_of(errors, update_norm=[0.4, math.nan], jacobian_rank=[math.nan, 3.0])
    rows.loc[rows.run == 1, ["jacobian_rank", "update_norm"]] = 99
    row: Any = summarize(last_rows(rows)).iloc[0]
    assert (row.median_jacobian_rank, row.median_output_spread) == (3, 0.5)
    assert math.isnan(row.median_jacobian_trace)


def test_update_norms_are_averaged_along_the_path():
    rows = rows_of({0.1: [0.5]}, update_norm=[0.4, 0.2])
    (lane,) = last_rows(rows).itertuples()
    assert lane.update_norm == pytest.approx(0.3)
    assert lane.first_update_norm == 0.4
    summary = summarize(last_rows(rows))
    assert summary.median_update_norm[0] == pytest.approx(0.3)
    assert summary.median_first_update_norm[0] == 0.4


def test_the_best_rate_is_the_lowest_of_equally_good_ones():
    rows = rows_of({0.1: [0.5], 0.2: [1e-9], 0.3: [0.0], 0.4: [math.inf]})
    assert best_rate(last_rows(rows)).learning_rate == 0.2


@pytest.mark.parametrize("rule", ["modified", "ordinary"])
@pytest.mark.parametrize(
    "widths", [(5, 5), (100, 250, 250, 250, 250, 100), (4096, 1024, 4096), (784, 1024, 2048, 784)]
)
def test_the_cost_of_a_step_is_that_of_the_library(widths: Sequence[int], rule: str):
    expected = exact_forward_equivalents(widths, rule)
    assert forward_equivalents(widths, rule) == pytest.approx(expected)


def test_training_at_the_best_rate_has_every_run_and_what_it_cost():
    rows = pd.DataFrame(
        lanes_of("modified", {0.1: [0.5, 0.4], 0.2: [0.3, 0.2]})
        + lanes_of("ordinary", {0.1: [0.5, 0.4], 0.2: [math.inf, math.inf]})
    )
    training = at_best_rate(rows, [5, 5]).set_index("rule")
    assert training.loc["modified"].learning_rate.unique().tolist() == [0.2]
    assert training.loc["ordinary"].learning_rate.unique().tolist() == [0.1]
    last = training[training.step == 9]
    assert last.loc["modified"].absolute_error.tolist() == [0.3, 0.2]
    assert last.loc["modified"].forward_equivalents.tolist() == [36, 36]
    assert last.loc["ordinary"].forward_equivalents.tolist() == [45, 45]


def test_a_run_that_diverged_between_logged_steps_is_infinite_from_there_on():
    keep = {"rule": "modified", "learning_rate": 0.1, "relative_error": 1.0, "output_spread": 1.0}
    stays = [{"run": 0, "step": s, "absolute_error": 1 / s, "diverged": False} for s in (1, 5, 9)]
    stays += [s | {"run": 1} for s in stays]
    leaves = [
        {"run": 2, "step": s, "absolute_error": 5.0, "diverged": s == 3} for s in (1, 3)
    ]  # and has no row after
    rows = pd.DataFrame([keep | row for row in stays + leaves])
    training = at_best_rate(rows, [5, 5]).pivot(
        index="step", columns="run", values="absolute_error"
    )
    assert training.index.tolist() == [1, 5, 9]
    assert training[2].tolist() == [5, math.inf, math.inf]
    assert training[0].tolist() == [1, 1 / 5, 1 / 9]
