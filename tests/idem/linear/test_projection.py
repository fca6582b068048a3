"""`project`: projectors first, then agreement with the direct methods, then what it refuses."""

import math

import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import Tensor

from idem.linear import gallery
from idem.linear.projection import ProjectionError, project
from idem.linear.riesz import exact_projector
from idem.rule.corrector import matrix_residual, recurrence

ALL = [
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.complex64,
    torch.complex128,
]
exactly = settings(derandomize=True, deadline=None, max_examples=40)


def drawn(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def from_blocks(blocks: list[tuple[complex, int]], seed: int) -> Tensor:
    """A complex matrix with these Jordan blocks (eigenvalue, size), in an oblique basis."""
    cells = []
    for value, size in blocks:
        cell = torch.diag(torch.full((size,), value, dtype=torch.complex128))
        cells.append(cell + torch.diag(torch.full((size - 1,), 0.3, dtype=torch.complex128), 1))
    J = torch.block_diag(*cells)
    basis = gallery.oblique_basis(1, len(J), drawn(seed))[0].to(J.dtype)
    return basis @ J @ torch.linalg.inv(basis)


def with_eigenvalues(values: list[float], seed: int = 0) -> Tensor:
    return from_blocks([(value, 1) for value in values], seed).real


def symmetric(values: list[float], seed: int = 0) -> Tensor:
    Q = gallery.orthonormal(1, len(values), drawn(seed))[0]
    K = Q @ torch.diag(torch.tensor(values, dtype=torch.float64)) @ Q.T
    return (K + K.T) / 2


left, right = st.floats(-3, 0.4), st.floats(0.6, 4)
real_spectra = st.lists(st.one_of(left, right), min_size=1, max_size=7)
eigenvalues = st.builds(complex, st.one_of(left, right), st.floats(-2, 2))
block_structures = st.lists(st.tuples(eigenvalues, st.integers(1, 3)), min_size=1, max_size=4)


@exactly
@given(block_structures, st.integers(0, 9))
def test_any_block_structure_gives_the_spectral_projector(blocks, seed):
    K = from_blocks(blocks, seed)
    found = project(K)
    P = found.projector
    scale = float(torch.linalg.matrix_norm(P).clamp(min=1)) ** 3
    assert torch.allclose(P @ P, P, atol=1e-12 * scale)
    assert torch.allclose(P @ K, K @ P, atol=1e-10 * scale)
    assert int(found.rank) == sum(size for value, size in blocks if value.real > 0.5)
    assert torch.allclose(P.trace().real, found.rank.double(), atol=1e-10)
    assert torch.allclose(P, exact_projector(K), atol=1e-9 * scale)
    assert float(found.residual) == pytest.approx(
        float(matrix_residual(P, relative=True)), rel=0.5, abs=1e-15
    )


@exactly
@given(real_spectra, st.integers(0, 9))
def test_real_matrices_stay_real_and_agree_with_ordered_schur(values, seed):
    K = with_eigenvalues(values, seed)
    found = project(K)
    assert found.projector.dtype == torch.float64
    assert torch.allclose(found.projector, exact_projector(K), atol=1e-9)


@exactly
@given(real_spectra, st.integers(0, 9))
def test_projecting_a_projection_changes_nothing(values, seed):
    P = project(with_eigenvalues(values, seed)).projector
    again = project(P)
    assert torch.allclose(again.projector, P, atol=1e-11)
    assert int(again.steps) <= 1


@exactly
@given(real_spectra, st.integers(0, 9))
def test_symmetric_input_gives_the_nearest_orthogonal_projection(values, seed):
    K = symmetric(values, seed)
    found = project(K)
    P = found.projector
    assert torch.allclose(P, P.T, atol=1e-14)
    assert int(found.steps) == 0
    best = torch.linalg.matrix_norm(K - P)
    for rank in range(len(values) + 1):
        other = gallery.orthogonal_projectors(1, len(values), rank, drawn(seed))[0]
        assert float(best) <= float(torch.linalg.matrix_norm(K - other)) + 1e-12


@exactly
@given(st.lists(st.floats(-0.35, 0.45), min_size=1, max_size=4), st.integers(0, 9))
def test_within_its_basins_the_recurrence_ends_in_the_same_projector(values, seed):
    K = with_eigenvalues([*values, *(1 - value for value in values)], seed)
    limit = recurrence(K, 1.0, 40)[-1]
    assert torch.allclose(project(K).projector, limit, atol=1e-9)


@pytest.mark.parametrize("gap", [0.3, 1e-2, 1e-4, 1e-8])
@pytest.mark.parametrize("norm", [1.01, 30.0])
def test_neither_gap_nor_obliqueness_has_to_be_known(gap, norm):
    K = gallery.oblique(2, 24, gap, norm, drawn())
    found = project(K)
    exact = exact_projector(K)
    assert found.rank.tolist() == [12, 12]
    sensitivity = norm**2 / gap
    assert float((found.projector - exact).abs().max()) < 1e-14 * sensitivity
    assert float(found.residual.max()) < 1e-13 * norm


def test_the_residual_of_a_very_oblique_projector_is_lower_than_that_of_the_recurrence():
    K = gallery.oblique(1, 64, 0.1, 1000.0, drawn())
    limit = recurrence(K, 1.0, 14)
    best = matrix_residual(limit, relative=True).min()
    assert float(project(K).residual) < 0.01 * float(best)


def test_normal_matrices_with_complex_eigenvalues():
    K = gallery.normal(2, 20, 0.05, drawn())
    assert torch.allclose(project(K).projector, exact_projector(K), atol=1e-12)


@pytest.mark.parametrize("block", [2, 5])
def test_jordan_blocks_over_0_and_1_become_diagonalisable(block):
    K = gallery.jordan(2, 20, block, drawn())
    assert torch.allclose(project(K).projector, exact_projector(K), atol=1e-12)


def test_matrices_close_to_idempotent_take_few_steps_and_no_inverse(monkeypatch):
    K = gallery.near_idempotent(3, 32, 5, 0.02, drawn())
    monkeypatch.delattr(torch.linalg, "inv_ex")
    found = project(K)
    assert found.rank.tolist() == [5, 5, 5]
    assert int(found.steps.max()) <= 2


def test_far_eigenvalues_are_rounded_too():
    K = torch.tensor([[50.0, 1, 0], [0, -7, 2], [0, 0, 0.75]], dtype=torch.float64)
    assert torch.allclose(project(K).projector, exact_projector(K), atol=1e-13)
    assert int(project(1e200 * K).rank) == 2


@pytest.mark.parametrize("dtype", ALL)
def test_every_dtype_keeps_its_type_and_reaches_its_precision(dtype):
    wide = torch.complex128 if dtype.is_complex else torch.float64
    K = with_eigenvalues([0.1, 0.2, 0.9, 1.1]).to(wide)
    found = project(K.to(dtype))
    assert found.projector.dtype == dtype
    assert not found.residual.dtype.is_complex
    unit = torch.finfo(dtype).eps
    assert torch.allclose(found.projector.to(wide), exact_projector(K), atol=30 * unit)
    assert float(found.residual) < 10 * unit


def test_hermitian_matrices_take_no_steps():
    A = torch.randn(4, 4, generator=drawn(), dtype=torch.complex128)
    K = 0.05 * (A + A.mH) + torch.diag(torch.tensor([1, 1, 0, 0], dtype=torch.complex128))
    assert int(project(K).rank) == 2
    assert int(project(K).steps) == 0


@pytest.mark.parametrize("matrix", [torch.zeros(3, 3), torch.eye(3), torch.zeros(1, 1)])
def test_zero_and_identity_are_their_own_projections(matrix):
    found = project(matrix)
    assert torch.equal(found.projector, matrix)
    assert int(found.rank) == int(matrix.trace())
    assert float(found.residual) == 0


def test_a_transient_does_not_mislead_the_scaling():
    K = torch.tensor([[1, 1e3, 0], [0, 0, 0], [0, 0, 0.499]], dtype=torch.float64)
    found = project(K)
    assert int(found.rank) == 1
    assert int(found.steps) < 10


def test_a_batch_equals_its_items():
    items = [with_eigenvalues([0.1, 0.3, 0.9], seed) for seed in range(3)]
    items += [symmetric([0.1, 0.7, 0.9]), torch.eye(3, dtype=torch.float64)]
    items += [with_eigenvalues([0.4999, 0.5001, 9.4])]
    found = project(torch.stack(items).reshape(2, 3, 3, 3))
    assert found.rank.shape == found.steps.shape == found.residual.shape == (2, 3)
    for index, item in enumerate(items):
        alone = project(item)
        assert torch.allclose(found.projector.flatten(0, 1)[index], alone.projector, atol=1e-10)
        assert found.rank.flatten()[index] == alone.rank


def test_a_projector_beside_a_matrix_that_needs_newton_stays_itself():
    P = exact_projector(torch.stack([with_eigenvalues([0.1, 0.9], seed) for seed in range(9)]))
    K = torch.tensor([[[0.72, 0.3], [0, 1.17]]], dtype=torch.float64)
    found = project(torch.cat([P, K]))
    assert torch.allclose(found.projector[:-1], P, atol=1e-13)
    assert torch.allclose(found.projector[-1], torch.eye(2, dtype=torch.float64), atol=1e-13)


def test_a_batch_larger_than_a_chunk_equals_its_items():
    K = gallery.oblique(150, 32, 0.05, 2.0, drawn())
    found = project(K)
    for index in (0, 63, 64, 149):
        assert torch.allclose(found.projector[index], project(K[index]).projector, atol=1e-12)


def test_one_failure_does_not_touch_the_rest_of_the_batch():
    K = gallery.oblique(4, 8, 0.1, 2.0, drawn())
    K[2] = 0.5 * torch.eye(8) + torch.diag(torch.ones(7, dtype=torch.float64), 1)
    found = project(K, strict=False)
    assert found.rank.tolist() == [4, 4, -1, 4]
    assert found.projector[2].isnan().all()
    assert found.residual.isnan().tolist() == [False, False, True, False]
    assert torch.allclose(found.projector[[0, 1, 3]], exact_projector(K[[0, 1, 3]]), atol=1e-12)


@pytest.mark.parametrize(
    "build",
    [
        lambda: symmetric([0.1, 0.3, 0.8, 1.2]),
        lambda: with_eigenvalues([0.1, 0.3, 0.8, 1.2]),
        lambda: from_blocks([(0.1 + 1j, 1), (1.2 - 0.3j, 2)], 0),
    ],
)
def test_the_derivative_is_that_of_the_spectral_projector(build):
    K = build().requires_grad_()
    assert torch.autograd.gradcheck(lambda K: project(K).projector, K)


def test_the_derivative_of_a_batch_and_of_half_precision():
    K = with_eigenvalues([0.1, 0.9, 1.3]).expand(2, 3, 3).clone().requires_grad_()
    project(K).projector[..., 0, 0].sum().backward()
    assert K.grad is not None
    half = K.detach().to(torch.bfloat16).requires_grad_()
    project(half).projector[..., 0, 0].sum().backward()
    assert half.grad is not None
    assert torch.allclose(half.grad.double(), K.grad, atol=0.05)


@pytest.mark.parametrize("turn", [0.0, 0.4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_eigenvalue_on_the_line_is_named(turn, dtype):
    K = torch.tensor([[0.5, -turn, 0.1], [turn, 0.5, 0], [0, 0, 1]], dtype=dtype)
    with pytest.raises(ProjectionError, match=r"line Re λ = ½ .*, got 0.5[+-]0?.?4?j"):
        project(K)


@pytest.mark.parametrize("K", [[[0.25, 0.25], [0.125, 0.375]], [[0.5, 1.0], [0.0, 0.5]]])
def test_an_eigenvalue_of_exactly_one_half_is_named(K):
    with pytest.raises(ProjectionError, match=r"line Re λ = ½ .*, got 0\.5"):
        project(torch.tensor(K, dtype=torch.float64))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_large_entries_do_not_overflow(dtype):
    large = 0.9 * torch.finfo(dtype).max
    for other in (-large, 0.2):
        assert int(project(torch.diag(torch.tensor([large, other], dtype=dtype))).rank) == 1


def test_oblique_entries_whose_squares_overflow_are_taken_for_what_they_are():
    K = torch.tensor([[1e160, 1e160], [0, -2e160]], dtype=torch.float64)
    assert torch.allclose(project(K).projector, exact_projector(K), atol=1e-9)


def test_failed_matrices_of_a_batch_have_no_gradient_and_the_others_theirs():
    good = with_eigenvalues([0.1, 0.9])
    K = torch.stack([good, 0.5 * torch.eye(2, dtype=torch.float64)]).requires_grad_()
    project(K, strict=False).projector[0].sum().backward()
    alone = good.clone().requires_grad_()
    project(alone).projector.sum().backward()
    assert K.grad is not None and alone.grad is not None
    assert torch.allclose(K.grad[0], alone.grad)
    assert not K.grad[1].any()


def test_a_symmetric_eigenvalue_of_one_half_is_named():
    with pytest.raises(ProjectionError, match=r"got 0.5\+0j, 1\+0j nearest"):
        project(torch.diag(torch.tensor([0.5, 1.0])))


def test_a_gap_of_a_billionth_is_decided():
    for skew in (0.0, 0.1):
        K = torch.tensor([[0.5 + 1e-9, skew], [0, 0]], dtype=torch.float64)
        assert int(project(K).rank) == 1


@pytest.mark.parametrize("skew", [0.0, 0.1])
@pytest.mark.parametrize("value", [1.7, 1.45, -0.7])
def test_outside_the_basins_of_the_recurrence_the_eigenvalue_is_named(value, skew):
    K = torch.tensor([[value, skew], [0, 1]], dtype=torch.float64)
    message = rf"K: expected every eigenvalue where the recurrence .*, got {value}\+0j"
    with pytest.raises(ProjectionError, match=message):
        project(K, basin="recurrence")
    assert int(project(K, basin="recurrence", strict=False).rank) == -1
    assert int(project(K).rank) == 1 + (value > 0.5)


def test_inside_the_basins_of_the_recurrence_both_readings_agree():
    K = with_eigenvalues([-0.36, 0.49, 0.51, 1.36])
    assert torch.equal(project(K, basin="recurrence").projector, project(K).projector)


def test_failures_name_the_first_matrix_of_the_batch_and_how_many():
    K = torch.eye(2, dtype=torch.float64).repeat(2, 2, 1, 1)
    K[1, 0] = K[1, 1] = torch.tensor([[0.5, 0.1], [0, 0.1]])
    with pytest.raises(ProjectionError, match=r"K\[1, 0\].*\(1 more of 4 fail too\)"):
        project(K)


def test_too_oblique_for_the_precision_is_said():
    K = gallery.oblique(1, 16, 0.1, 1e9, drawn())[0]
    with pytest.raises(ProjectionError, match="K is too far from normal for float32"):
        project(K.float())


def test_an_overflow_is_detected_at_its_step():
    K = torch.tensor([[2e38, 2e38], [1e38, -3e38]])
    with pytest.raises(ProjectionError, match="K: expected finite numbers.* at step 1; use fl"):
        project(K)


def test_autocast_does_not_lower_the_precision():
    K = with_eigenvalues([0.1, 0.9, 0.8])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = project(K.float())
    assert torch.allclose(found.projector.double(), exact_projector(K), atol=1e-5)


def test_wrong_arguments_are_refused():
    with pytest.raises(TypeError, match=r"K: expected a torch.Tensor, got list"):
        project([[1.0]])  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match=r"K: expected a dtype of float16, .*, got int64"):
        project(torch.eye(2, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"K: expected square matrices .*got shape \(2, 3\)"):
        project(torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"K: expected at least one entry, got shape \(0, 2, 2\)"):
        project(torch.zeros(0, 2, 2))
    with pytest.raises(ValueError, match="basin: expected 'half-plane' or 'recurrence', got 'x'"):
        project(torch.eye(2), basin="x")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("dtype", [torch.float32, torch.complex64])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_entries_that_are_not_finite_are_refused(bad, dtype):
    with pytest.raises(ValueError, match="K: expected finite entries, got NaN or infinity"):
        project(torch.tensor([[bad, 0.0], [0.0, 1.0]], dtype=dtype))


def projector(K: Tensor) -> Tensor:
    return project(K).projector


SECOND = [
    torch.tensor([[0.9, 0.4], [0.3, 0.1]], dtype=torch.float64),
    symmetric([1.2, 0.9, 0.1, -0.3]),
    torch.tensor([[[0.9, 0.4j], [0.3, 0.1]], [[0.1, 0], [0, 0.2]]], dtype=torch.complex128),
]


# PyTorch's own forward mode scripts its decompositions, and warns of that.
scripting = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")


@scripting
@pytest.mark.parametrize("K", SECOND)
def test_derivatives_in_both_modes_and_the_second_ones_are_true(K):
    K = K.clone().requires_grad_()
    assert torch.autograd.gradcheck(projector, K, check_batched_grad=True)
    if not K.is_complex():
        assert torch.autograd.gradcheck(projector, K, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(projector, K)


@scripting
def test_every_way_to_a_jacobian_or_hessian_agrees():
    K = SECOND[0]
    one_by_one = torch.autograd.functional.jacobian(projector, K)
    for jacobian in (
        torch.autograd.functional.jacobian(projector, K, vectorize=True),
        torch.func.jacrev(projector)(K),
        torch.func.jacfwd(projector)(K),
    ):
        assert torch.allclose(jacobian, one_by_one, atol=1e-14)

    def entry(K: Tensor) -> Tensor:
        return projector(K)[0, 1]

    hessian = torch.autograd.functional.hessian(entry, K)
    assert isinstance(hessian, Tensor)
    assert hessian.abs().min() > 0.2
    assert torch.allclose(torch.func.hessian(entry)(K), hessian, atol=1e-14)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda K: torch.func.vmap(projector)(K[None]), "project takes batches"),
        (lambda K: torch.func.vmap(torch.func.jacrev(projector))(K[None]), "takes batches"),
        (lambda K: project(K.to_sparse()), "got layout sparse_coo"),
        (lambda K: project(K.to("meta")), "on the device meta"),
    ],
)
def test_tensors_without_plain_entries_are_refused(call, expected):
    with pytest.raises(TypeError, match=expected):
        call(SECOND[0])


def test_a_projector_beyond_half_precision_is_refused():
    K = torch.tensor([[1.0, 6e4], [0.0, 0.4]], dtype=torch.float16)
    with pytest.raises(ProjectionError, match="within 65504, the largest number of float16"):
        project(K)
    found = project(torch.stack([K, torch.eye(2).half()]), strict=False)
    assert found.rank.tolist() == [-1, 2]
    assert found.projector[0].isnan().all() and torch.equal(found.projector[1], torch.eye(2).half())


@pytest.mark.parametrize("large", [1.0, 1e3, 1e5, 1e7])
@pytest.mark.parametrize("small", [1e-6, 0.02, 0.5])
def test_one_large_entry_does_not_hide_that_small_ones_are_asymmetric(large, small):
    K = torch.eye(3, dtype=torch.float64)
    K[0, 0], K[1, 1], K[2, 2], K[1, 2] = large, 0.9, 0.1, small
    expected = torch.tensor([[1, 0, 0], [0, 1, small / 0.8], [0, 0, 0]], dtype=torch.float64)
    assert torch.allclose(projector(K), expected, rtol=0, atol=1e-13)
    if large < 1e7:  # beyond, 0.1 and 0.9 are within float32's rounding of ½ beside it
        assert torch.allclose(projector(K.float()), expected.float(), rtol=0, atol=1e-5)


def test_the_derivative_is_not_rounded_to_half_precision_within_autocast():
    K = torch.randn(8, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    (expected,) = torch.autograd.grad(project(K).projector.square().sum(), K)
    with torch.autocast("cpu", torch.bfloat16):
        (found,) = torch.autograd.grad(project(K).projector.square().sum(), K)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
