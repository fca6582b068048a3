import pandas as pd

from stages.evaluation import collected
from stages.report.tables.statistics import MEASURED, OF, statistics_table


def test_a_row_is_a_model_with_one_kind_of_statistics_over_its_seeds():
    rows = [
        {"model": "ign", "seed": seed, "statistics": of, **dict.fromkeys(MEASURED, distance)}
        for of, first in ((collected.EACH, 1.0), (collected.NOISE, 3.0))
        for seed, distance in enumerate((first, 4 * first))
    ]
    head, _, each, noise = statistics_table(pd.DataFrame(rows)).strip().splitlines()
    assert head == "| model | statistics of | " + " | ".join(MEASURED.values()) + " |"
    assert each.startswith("| IGN | each batch (training mode) | 2 [")
    assert noise.startswith("| IGN | noise alone | 6 [")


def test_every_kind_that_is_measured_has_words():
    assert set(OF) == {collected.EACH, collected.BOTH, collected.NOISE, collected.DATA}
    assert list(collected.MEASURED) == list(MEASURED)
