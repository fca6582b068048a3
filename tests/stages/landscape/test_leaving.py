"""Which projections are left: the closed form, the prediction and the training agree."""

import torch

from stages.landscape.leaving import leaving
from tests.stages.landscape.test_survival import SECTION


def test_layers_leave_where_the_closed_form_is_negative_and_nowhere_else():
    found = leaving(SECTION.inputs, seed=0)
    assert list(found["by_mean"]) == ["-1", "0", "2", "5"]
    for of_mean in found["by_mean"].values():
        negative = min(of_mean["range_mode"], of_mean["null_mode"]) < 0
        assert of_mean["predicted"] == of_mean["not_returned"] == (4 if negative else 0)
        assert of_mean["at_half"] + of_mean["diverged"] <= of_mean["not_returned"]
        assert of_mean["agree"] == found["starts"] == 4
    assert found["by_mean"]["2"]["null_mode"] == 1 + 20 * 2 * (2 - 4)


def test_the_seed_alone_draws_the_starts():
    section = SECTION.inputs.model_copy(update={"means": [4.0]})  # where the noise decides
    torch.manual_seed(1)
    first = leaving(section, seed=0)
    torch.manual_seed(2)
    assert leaving(section, seed=0) == first
