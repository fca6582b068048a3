"""`project` of badly scaled matrices, against Newton's iteration in 60 digits."""

import mpmath as mp
import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import Tensor

from idem.linear import scaling
from idem.linear.projection import ProjectionError, project

WIDE = {
    torch.float16: torch.float64,
    torch.bfloat16: torch.float64,
    torch.float32: torch.float64,
    torch.float64: torch.float64,
    torch.complex64: torch.complex128,
    torch.complex128: torch.complex128,
}
FULL = [torch.float32, torch.float64, torch.complex64, torch.complex128]
exactly = settings(derandomize=True, deadline=None, max_examples=8)

eigenvalues = st.lists(st.one_of(st.floats(-1, 0.4), st.floats(0.6, 2)), min_size=3, max_size=3)
exponents = st.lists(st.floats(-12, 12), min_size=3, max_size=3)
LAYOUTS = {
    "plain": lambda K: K,
    "transposed": lambda K: K.mT.contiguous().mT,
    "strided": lambda K: K.repeat_interleave(2, -1).repeat_interleave(2, -2)[..., ::2, ::2],
    "batched": lambda K: torch.stack([K, torch.eye(len(K), dtype=K.dtype)])[:, None],
    "expanded": lambda K: K.expand(2, 3, *K.shape),
}


def reference(K: Tensor) -> Tensor:
    """Return the projector of one matrix, rounded to double precision from 60 digits."""
    with mp.workdps(60):
        one = mp.eye(len(K))
        X = 2 * mp.matrix(K.to(torch.complex128).tolist()) - one
        for step in range(300):
            before, scale = X, abs(mp.det(X)) ** (-mp.mpf(1) / len(K)) if step < 30 else 1
            X = (scale * X + mp.inverse(X) / scale) / 2
            if mp.mnorm(X - before, mp.inf) <= mp.mpf(10) ** -45 * mp.mnorm(X, mp.inf):
                break
        P = (X + one) / 2
        rows = [[complex(p) for p in row] for row in P.tolist()]
        return torch.tensor(rows, dtype=torch.complex128)


def from_eigenvalues(values: list[float], seed: int, dtype: torch.dtype) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    V = torch.randn(len(values), len(values), dtype=dtype, generator=generator)
    V = V + 2 * torch.eye(len(values), dtype=dtype)
    return V @ torch.diag(torch.tensor(values, dtype=dtype)) @ torch.linalg.inv(V)


def powers(exponents: list[float]) -> Tensor:
    return 10 ** torch.tensor(exponents, dtype=torch.float64)


def assert_right_in_every_entry(K: Tensor, weights: Tensor, tolerance: float = 1e4) -> None:
    """Compare with the reference, in units of rounding of each entry's weight."""
    found, exact = project(K), reference(K)
    error = (found.projector.to(exact.dtype) - exact).abs()
    unit = torch.finfo(K.dtype).eps
    assert (error <= tolerance * unit * torch.maximum(weights, exact.abs())).all()
    assert int(found.rank) == round(float(exact.trace().real))
    assert float(found.residual) < 1e3 * unit


@exactly
@given(eigenvalues, exponents, st.integers(0, 9), st.sampled_from(FULL))
def test_a_change_of_units_costs_no_digits(values, exponents, seed, dtype):
    d = powers(exponents)
    weights = d[:, None] / d
    K = from_eigenvalues(values, seed, WIDE[dtype]) * weights
    assert_right_in_every_entry(K.to(dtype), weights)


@exactly
@given(eigenvalues, exponents, st.integers(0, 9), st.sampled_from(FULL), st.floats(1, 12))
def test_nor_does_one_beside_a_large_eigenvalue(values, exponents, seed, dtype, size):
    d = powers([*exponents, 0])
    weights = d[:, None] / d
    large = torch.full((1, 1), 10**size, dtype=WIDE[dtype])
    K = torch.block_diag(from_eigenvalues(values, seed, WIDE[dtype]), large)
    K = K + 0.1 * torch.ones_like(K)  # which the large one feels
    try:
        assert_right_in_every_entry((K * weights).to(dtype), weights, 1e5)
    except ProjectionError:  # where the change brings an eigenvalue to ½
        spectrum = torch.linalg.eigvals(K)
        assert (spectrum.real - 0.5).abs().min() < 1e-2


@settings(exactly, max_examples=40)
@given(st.lists(st.floats(-12, 12), min_size=1, max_size=6), st.sampled_from([*WIDE]), st.data())
def test_plain_diagonals_are_exact(exponents, dtype, data):
    signs = data.draw(st.lists(st.sampled_from([1, -1]), min_size=6, max_size=6))
    d = powers(exponents).clamp(max=6e4 if dtype == torch.float16 else 1e12)
    d = (d * torch.tensor(signs[: len(d)])).to(dtype)
    if ((d.real - 0.5).abs() < 0.02).any():
        return
    found = project(torch.diag(d))
    assert torch.equal(found.projector, torch.diag((d.real > 0.5).to(dtype)))
    assert float(found.residual) <= torch.finfo(dtype).eps


@pytest.mark.parametrize("dtype", WIDE)
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_every_dtype_in_every_layout(dtype, layout):
    d = powers([2, -2, 0.5] if dtype == torch.float16 else [9, -7, 2])
    weights = d[:, None] / d
    K = (from_eigenvalues([0.1, 0.9, 1.2], 3, WIDE[dtype]) * weights).to(dtype)
    assert scaling.is_badly_scaled(K[None]).all()
    exact = reference(K)
    projectors = project(layout(K)).projector
    found = projectors.reshape(-1, 3, 3)[0].to(exact.dtype)
    assert projectors.dtype == dtype
    assert ((found - exact).abs() <= 100 * torch.finfo(dtype).eps * weights).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_large_entry_in_a_symmetric_matrix_hides_nothing(dtype):
    K = torch.tensor([[1e9, 3, 0.2], [3, 0.9, 0.02], [0.2, 0.02, 0.1]], dtype=dtype)
    found = project(K)
    assert torch.equal(found.projector, found.projector.T)
    assert_right_in_every_entry(K, torch.full((3, 3), 1e-9, dtype=torch.float64), 1e12)
    small = found.projector[1:, 1:].double() - reference(K)[1:, 1:].real
    assert small.abs().max() < 50 * torch.finfo(dtype).eps


def test_a_badly_scaled_matrix_does_not_touch_the_others_of_its_batch():
    K = torch.stack([from_eigenvalues([0.1, 0.8, 1.2], seed, torch.float64) for seed in range(4)])
    K = K.float()
    alone = project(K)
    K[1] = torch.diag(torch.tensor([1e9, 0.2, -1e7]))
    found = project(K)
    rest = [0, 2, 3]
    assert all(torch.equal(a[rest], b[rest]) for a, b in zip(found, alone, strict=True))
    assert torch.equal(found.projector[1], torch.diag(torch.tensor([1.0, 0, 0])))


def test_the_derivative_is_that_of_the_scaled_problem():
    d = torch.tensor([2.0**20, 1, 2.0**-17], dtype=torch.float64)
    weights = d[:, None] / d
    A = from_eigenvalues([0.1, 0.8, 1.2], 0, torch.float64).requires_grad_()
    K = (A.detach() * weights).requires_grad_()
    assert scaling.is_badly_scaled(K[None]).all()
    (project(A).projector[0, 1]).backward()
    (project(K).projector[0, 1] / weights[0, 1]).backward()
    assert A.grad is not None and K.grad is not None
    torch.testing.assert_close(K.grad * weights, A.grad)


def test_what_rounding_does_not_decide_is_still_refused():
    K = torch.tensor([[1e9, 0, 0], [0, 0.5, 1e8], [0, 0, 0.1]], dtype=torch.float64)
    with pytest.raises(ProjectionError, match=r"got 0\.5\+0j, 0\.1\+0j"):
        project(K)


def test_a_projector_beyond_the_range_is_refused():
    with pytest.raises(ProjectionError, match="largest number of float32, got .*; use float64"):
        project(torch.tensor([[1.0, 3e38], [0.0, 0.2]]))
    with pytest.raises(ProjectionError, match="got an overflow"):
        project(torch.tensor([[1.0, 1.7e308], [0.0, 0.2]], dtype=torch.float64))


def test_balancing_makes_rows_as_large_as_columns_by_powers_of_two():
    d = powers([9, -7, 2, 0])
    K = from_eigenvalues([0.1, 2.9, 1.2, 4.0], 1, torch.float64) * d[:, None] / d
    D = scaling.balance(K[None])[0]
    assert torch.equal(D, torch.exp2(D.log2().round()))
    balanced = (K / (D[:, None] / D)).abs().fill_diagonal_(0)
    ratio = balanced.amax(0).clamp(min=1) / balanced.amax(1).clamp(min=1)
    assert ratio.max() < 4 and ratio.min() > 1 / 4


def test_a_projector_of_another_matrix_does_not_commute():
    K = torch.diag(torch.tensor([1e9, 0.9, 0.1], dtype=torch.float64))
    P = torch.diag(torch.tensor([1.0, 1, 0], dtype=torch.float64))
    wrong = P.clone()
    wrong[1, 2] = 1e-6
    assert scaling.commutes(torch.stack([P, wrong]), K[None], 1e-12).tolist() == [True, False]
