"""Measurements on constructed Jordan matrices: they find what they must, and nothing else."""

import numpy as np
import pytest
import sympy

from idem.theory import jordan
from stages.theory import confirm

ZERO, HALF, ONE = jordan.fixed_eigenvalues(1)
GAMMAS = [0.5, 1.0, 1.5]
FOUND = confirm.confirm(0, GAMMAS)


def test_jordan_matrices_have_the_blocks_they_were_given():
    draw = np.random.default_rng(0)
    V = draw.standard_normal((5, 5))
    K = confirm.jordan_matrix([(HALF, 3), (ONE, 1), (ONE, 1)], V)
    shifted = K - 0.5 * np.eye(5)
    ranks = [np.linalg.matrix_rank(np.linalg.matrix_power(shifted, k), 1e-8) for k in (1, 2, 3)]
    assert ranks == [4, 3, 2]
    assert np.linalg.matrix_rank(K - np.eye(5), 1e-8) == 3
    with pytest.raises(ValueError, match="blocks: expected sizes that sum to 5, got 4"):
        confirm.jordan_matrix([(HALF, 4)], V)


@pytest.mark.parametrize("point", ["0", "1/2", "1"])
def test_only_blocks_of_size_1_are_fixed(point):
    defects = FOUND["log10_defect_by_block_size"][point]
    assert defects["1"] < -14
    assert all(defects[size] > -1 for size in ("2", "3", "4"))


@pytest.mark.parametrize("gamma", ["0.5", "1.0", "1.5"])
def test_nilpotent_parts_follow_the_prediction(gamma):
    for point, found in FOUND["nilpotent_part"].items():
        assert found[gamma]["log10_error_of_multiplier"] < -10
        assert found[gamma]["log10_error_of_superdiagonals"] < -10
        assert (found[gamma]["log10_norm"] < -6) == (point != "1/2")
    assert FOUND["nilpotent_part"]["1/2"][gamma]["log10_norm"] > 0.5


def test_a_wrong_prediction_is_noticed(monkeypatch: pytest.MonkeyPatch):
    right = jordan.step_on_superdiagonals

    def wrong(point: sympy.Expr, size: int, gamma: sympy.Expr) -> tuple[sympy.Expr, ...]:
        return tuple(2 * c for c in right(point, size, gamma))

    monkeypatch.setattr(jordan, "step_on_superdiagonals", wrong)
    found = confirm.nilpotent_part(ZERO, 0.5, np.random.default_rng(0))
    assert found["log10_error_of_superdiagonals"] > -1
    assert found["log10_error_of_multiplier"] < -10


def test_a_wrong_spectrum_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jordan, "derivative_spectrum", lambda r, n, g: {ONE: 13, 1 - g: 12})
    found = confirm.derivative_errors(0.5, np.random.default_rng(0))
    assert found["log10_error_of_eigenvalues"] > -1


@pytest.mark.parametrize("gamma", ["0.5", "1.0", "1.5"])
def test_the_derivative_is_as_predicted(gamma):
    assert all(error < -12 for error in FOUND["derivative_at_rank_2_of_5"][gamma].values())


def test_errors_are_collected_without_the_defects():
    assert len(confirm.errors(FOUND)) == 2 * 9 + 3 * 3
    assert max(confirm.errors(FOUND)) < -10
