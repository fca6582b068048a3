"""Numbers out of files, against plain loops over the same rows."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stages.common import params
from stages.summary import values

CONTENT = {"a": {"x": {"n": 1}, "y": {"n": None}, "z": {"m": 4, "n": 100}}, "b": {"n": 10}}
RATES = [0.1, 1.0]


def sweep(runs: int = 3, factor: float = 0.5) -> pd.DataFrame:
    """Return the rows of a sweep in which modified ends at `factor` times ordinary's errors."""
    rng = np.random.default_rng(0)
    rows = []
    for run in range(runs):
        for rate in RATES:
            start, end = rng.uniform(1, 2), rng.uniform(0.1, 0.2)
            for rule, scale in (("modified", factor), ("ordinary", 1.0)):
                for step, error in ((0, start), (10, scale * 2 * end), (20, scale * end)):
                    rows.append(
                        {
                            "rule": rule,
                            "run": run,
                            "learning_rate": rate,
                            "step": step,
                            "absolute_error": error,
                            "relative_error": error,
                            "output_spread": 1.0,
                            "update_norm": rate * start * scale,
                            "diverged": False,
                        }
                    )
    return pd.DataFrame(rows)


def log10s(rows: pd.DataFrame, column: str, **where: Any) -> list[float]:
    kept = [row for _, row in rows.iterrows() if all(row[k] == v for k, v in where.items())]
    return [math.log10(row[column]) for row in kept]


def test_a_key_is_followed():
    assert values.at("b.n")(CONTENT) == [10]


def test_a_star_stands_for_every_key_below_which_the_rest_is():
    one, null, hundred = values.at("a.*.n")(CONTENT)
    assert (one, hundred) == (1, 100)
    assert math.isnan(null)
    assert values.at("a.*.m")(CONTENT) == [4]


@pytest.mark.parametrize("key", ["c", "a.x.m", "a.*.k", "b.n.k"])
def test_a_key_that_is_not_there_is_an_error(key: str):
    with pytest.raises(KeyError, match=key.replace("*", r"\*")):
        values.at(key)(CONTENT)


def test_the_largest_is_of_the_finite_ones():
    assert values.largest("a.*.n")(CONTENT) == [100]
    assert math.isnan(values.largest("a.y.n")(CONTENT)[0])


def test_a_total_of_counts_is_a_count():
    assert values.total("*.n")({"a": {"n": 2}, "b": {"n": 3}}) == [5]


def test_ratios_are_of_seed_with_seed():
    content = {"a": {"0": 1.0, "1": 100.0}, "b": {"0": 10.0, "1": 10.0}}
    assert values.log10_ratio("a.*", "b.*")(content) == pytest.approx([-1.0, 1.0])
    zero = {"a": {"0": 0.0, "1": None}, "b": {"0": 10.0, "1": 10.0}}
    assert not any(map(math.isfinite, values.log10_ratio("a.*", "b.*")(zero)))


def test_the_first_update_follows_a_change_of_a_single_rate():
    rows = sweep()
    (before,) = values.first_update(rows)
    assert before == pytest.approx(np.mean(log10s(rows, "update_norm", step=0)))
    rows.loc[rows.learning_rate == RATES[0], "update_norm"] *= 1.01
    assert values.first_update(rows)[0] - before == pytest.approx(math.log10(1.01) / len(RATES))


def test_the_early_error_is_the_median_where_lanes_are_logged_again():
    rows = sweep()
    expected = np.median(10 ** np.array(log10s(rows, "absolute_error", step=10)))
    assert values.early_error(rows)[0] == pytest.approx(math.log10(expected))


def test_lanes_that_diverged_before_are_no_early_error():
    rows = sweep()
    lost = rows.iloc[[0]].assign(step=7, absolute_error=1e9, diverged=True)
    assert values.early_error(pd.concat([rows, lost])) == values.early_error(rows)


@pytest.mark.parametrize(
    "ratio", [values.error_ratio, values.error_ratio_at_lowest_rate], ids=["best", "lowest"]
)
def test_the_ratio_of_errors_is_that_of_the_rules(ratio: values.Values):
    assert ratio(sweep(factor=0.5)) == pytest.approx([math.log10(0.5)])


def test_runs_that_are_not_complete_do_not_count():
    network = params.Network(widths=[5, 5], learning_rates=RATES, runs=3, steps=20, log_every=10)
    whole = values.error_ratio_of_complete_runs(network)
    rows = sweep()
    cut = rows[(rows.run != 2) | (rows.step < 20)].copy()
    cut.loc[cut.run == 2, "absolute_error"] = 1e-3
    assert whole(cut) == pytest.approx([math.log10(0.5)])
    assert math.isnan(whole(rows[rows.step < 20])[0])


def test_the_ratio_at_equal_reconstruction_is_one_a_seed():
    rows = pd.DataFrame(
        {"mode": mode, "error": error, "seed": seed, "modified": 7.0 * factor, "ordinary": 7.0}
        for mode, error, times in (("eval", "relative", 1.0), ("eval", "absolute", 9.0))
        + (("train", "relative", 5.0),)
        for seed, factors in ((10, (2.0, 8.0)), (11, (1.0, 9.0)))
        for factor in (times * of for of in factors)
    )
    found = values.at_equal_reconstruction("eval")
    assert found(rows) == pytest.approx([math.log10(4.0), math.log10(3.0)])
    assert math.isnan(found(rows[:0])[0])


def test_lanes_are_counted_by_rule_and_limit():
    rows = sweep()
    last = rows[(rows.step == 20) & (rows.rule == "modified")].absolute_error
    limit = float(last.median())
    assert values.lanes_below(limit, "modified")(rows) == [int((last < limit).sum())]
    assert values.lanes_below(1e-9, "modified")(rows) == [0]


def test_the_early_loss_is_that_of_the_first_seed_listed_at_its_second_step():
    log = pd.DataFrame(
        [
            {"model": model, "seed": seed, "step": step, "reconstruction": 100 * seed + step}
            for seed in (1, 0)
            for model in ("a", "b")
            for step in (1, 2, 20)
        ]
    )
    assert values.early_loss("a")(log) == [102]
    with pytest.raises(IndexError):
        values.early_loss("a")(log[log.step > 2])
