"""What is written and read back is what it was, to the last bit and to the type."""

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as npst

from stages.common.exact import decoded, encoded

WORDS = st.text(max_size=4) | st.sampled_from(["$array", "$", "seed"])
NUMBERS = st.floats() | st.integers() | st.floats(width=32)
DTYPES = st.sampled_from(["<f4", "<f8", "<i8", "|u1", "|b1", "<c16", "<f2", ">f8"])
ARRAYS = npst.arrays(DTYPES, npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
SCALARS = NUMBERS | st.booleans() | st.none() | WORDS
NUMPY_SCALARS = st.builds(np.float32, st.floats(width=32)) | st.builds(np.int64, st.integers(0, 9))
RECORDS = st.lists(st.fixed_dictionaries({"step": st.integers(), "error": NUMBERS}), max_size=3)
LEAVES = SCALARS | ARRAYS | NUMPY_SCALARS | RECORDS | st.lists(st.floats(), max_size=4)
RESULTS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(WORDS | st.integers() | st.booleans(), inner, max_size=3)
    ),
    max_leaves=8,
)


def alike(one: Any, other: Any) -> bool:
    """Say whether two results are the same in type, order and every bit, signs of NaN aside."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return alike(list(one.items()), list(other.items()))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, np.ndarray | np.generic):
        same = one.dtype == other.dtype and one.shape == other.shape
        return same and one.tobytes() == other.tobytes()
    if isinstance(one, float) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, float):
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    return one == other


@given(RESULTS)
def test_any_result_survives(result: Any):
    assert alike(decoded(json.loads(json.dumps(encoded(result)))), result)


def test_the_comparison_above_sees_what_differs():
    for one, other in [(0.0, -0.0), (1, 1.0), (1, True), ([], ()), ([1], [1, 2])]:
        assert not alike(one, other)
    assert not alike(np.float32(1), np.float64(1)) and not alike({"a": 1}, {"b": 1})
    assert not alike(np.zeros(2), np.zeros((2, 1)))


@given(st.lists(st.tuples(st.floats(), st.integers(-9, 9), st.text(max_size=3)), min_size=1))
def test_tables_survive_but_for_their_index(rows: list[tuple]):
    table = pd.DataFrame(rows, columns=["error", "run", "rule"], index=range(7, 7 + len(rows)))
    found = decoded(json.loads(json.dumps(encoded(table))))
    pd.testing.assert_frame_equal(found, table.reset_index(drop=True), check_exact=True)


def test_a_table_of_numbers_keeps_the_width_of_its_columns():
    table = pd.DataFrame({"p0": np.array([3, 255], "uint8"), 1: np.array([0.1, np.nan], "float32")})
    mixed = table.assign(seed=pd.Series(["all", 3], dtype=object))
    pd.testing.assert_frame_equal(decoded(encoded(mixed)), mixed, check_exact=True)


def test_an_array_that_was_read_can_be_written_to():
    decoded(encoded(np.zeros(2)))[0] = 1


def test_what_was_measured_in_float32_takes_half_the_bytes():
    short, long = (torch.rand(1000, dtype=t).tolist() for t in (torch.float32, torch.float64))
    assert len(json.dumps(encoded(short))) < 0.6 * len(json.dumps(encoded(long)))


@pytest.mark.parametrize(
    ("result", "named"),
    [
        (torch.zeros(2), "torch.Tensor"),
        ({"weights": [torch.nn.Linear(1, 1)]}, "torch.nn.modules.linear.Linear"),
        (np.array([None]), "dtype object"),
        (np.array(["word"]), "dtype <U4"),
        ({1, 2}, "builtins.set"),
    ],
)
def test_what_is_no_result_is_refused(result: Any, named: str):
    with pytest.raises(TypeError, match=f"a result: expected .*, got {named}"):
        encoded(result)
