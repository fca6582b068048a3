"""Models are compared seed by seed, with controls that have all but the rule."""

import numpy as np
import pandas as pd
import pytest

from stages.claims.generative.study import unanimous
from tests.stages.claims.studies import everywhere, study


def test_controls_share_code_and_noise_with_what_they_control():
    found = study()
    always = ["raw_noise", "autoencoder_codes"]
    assert found.controls("modified") == [*always, "ordinary", "denoiser"]
    assert found.controls("modified_plain") == [*always, "autoencoder"]


def test_seeds_are_paired_and_a_missing_one_is_compared_with_the_mean():
    lucky = [1.0, 10.0, 100.0, 1000.0, 10000.0]
    changes = everywhere("modified", frechet_distance=lucky)
    changes |= everywhere("ordinary", frechet_distance=[10 * x for x in lucky])
    found = study(changes)
    ratio = found.ratio("modified", "ordinary", "ema", "eval", "frechet_distance")
    assert ratio == pytest.approx((-1, -1, -1))
    runs = found.runs
    fewer = type(found)(
        runs[(runs.model != "ordinary") | (runs.seed == 0)], found.training, found.section
    )
    mean, low, high = fewer.ratio("modified", "ordinary", "ema", "eval", "frechet_distance")
    assert mean == pytest.approx(np.log10(lucky).mean() - 1)
    assert low < mean < high


@pytest.mark.parametrize(
    ("holds", "expected"),
    [
        ([True] * 2, True),
        ([True] * 4 + [False], None),
        ([False] * 5, False),
        ([False] * 4, None),  # by chance with probability 1/16
        ([], None),
    ],
)
def test_a_few_seeds_that_agree_refute_but_do_not_prove(holds: list[bool], expected: bool | None):
    assert unanimous(pd.Series(holds, dtype=bool), 0.95) is expected
