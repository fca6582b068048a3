"""R3: the corrector is what matters only where it beats each stand-in, seed by seed."""

import numpy as np
import pandas as pd
import pytest

from stages.claims.generative import attribution
from stages.claims.generative.attribution import BESIDE, RULE, STAND_INS
from stages.claims.verdict import NO, NOT_RUN, OPEN, YES, Verdict
from tests.stages.claims.studies import SECTION

SEEDS = 5
FEW = " (indication: 3 seeds)"


def rows(
    train: float = 2.0, eval: float = 2.0, scatter: float = 0.02, **one: float
) -> pd.DataFrame:
    """Return runs of all settings, the others' distances so many times the rule's."""
    rng, found = np.random.default_rng(0), []
    for setting in (RULE, *STAND_INS, *BESIDE):
        for seed in range(SEEDS):
            own = 10 ** (0.3 * seed + scatter * rng.normal(size=2))  # seeds differ, pairs do not
            by_mode = (one.get(setting, train), one.get(setting, eval))
            times = (1.0, 1.0) if setting == RULE else by_mode
            for step, early in ((100, 7.0), (200, 1.0)):
                of_train, of_eval = 20 * early * own * times
                found.append([setting, seed, step, of_train, of_eval])
    columns = ["setting", "seed", "step", "ema_frechet_distance", "eval_frechet_distance"]
    return pd.DataFrame(found, columns=columns)


def judge(table: pd.DataFrame) -> Verdict:
    return attribution.judge(table, SECTION)


def test_it_is_the_corrector_where_every_stand_in_is_farther_by_the_whole_interval():
    found = judge(rows())
    assert found.verdict == YES
    assert found.ours.startswith("rule / others: ×0.")
    assert "inner only ×0.5" in found.measured and "no rule ×0." in found.measured


@pytest.mark.parametrize("times", [0.5, 1.0])
def test_one_stand_in_that_is_as_near_is_enough_against_it(times: float):
    assert judge(rows(substitute_f_y=times)).verdict == NO


def test_what_a_wide_interval_leaves_open_is_undecided():
    assert judge(rows(scatter=0.5)).verdict == OPEN


def test_modes_are_judged_apart():
    found = judge(rows(eval=0.5))
    assert found.verdict.startswith("depends on a convention: training mode yes; eval mode no")


def test_what_is_beside_the_question_does_not_decide_it():
    assert judge(rows(transposed=0.1, no_rule=0.1)).verdict == YES


def test_seeds_that_rule_and_stand_ins_have_are_counted():
    table = rows()
    assert judge(table[(table.setting != "inner_only") | (table.seed < 3)]).verdict == YES + FEW
    assert judge(table[(table.setting != "transposed") | (table.seed < 3)]).verdict == YES


@pytest.mark.parametrize("missing", [RULE, *STAND_INS])
def test_before_every_stand_in_is_trained_it_is_not_run(missing: str):
    table = rows()
    assert judge(table[table.setting != missing]).verdict == NOT_RUN
    assert judge(attribution.NOTHING).verdict == NOT_RUN
    apart = (table.setting == missing) == (table.seed < 3)
    assert judge(table[apart]).verdict == NOT_RUN
