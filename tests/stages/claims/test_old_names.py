"""Tables with names of before are read as those of today."""

from io import StringIO

import pandas as pd
import pytest

from stages.claims.old_names import old_file, renamed

OLD = "model,weights,averaged_digits\nmodified,chosen,7\nmodified,raw,8\n"
NEW = "model,weights,ema_digits\nmodified,best,7\nmodified,raw,8\n"


@pytest.mark.parametrize("text", [OLD, NEW])
def test_a_table_of_any_age_is_the_same(text: str):
    assert renamed(pd.read_csv(StringIO(text))).to_csv(index=False) == NEW


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("validation_mnist", "watched_mnist"),
        ("baselines_mnist", "references_mnist"),
        ("baselines_validation_mnist", "references_watched_mnist"),
        ("generative_mnist", "generative_mnist"),
    ],
)
def test_a_file_is_found_under_its_old_name(name: str, expected: str):
    assert old_file(f"metrics/study/{name}.csv") == f"metrics/study/{expected}.csv"
