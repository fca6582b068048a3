"""The Jacobian at a network's own outputs, and what its spectrum says."""

import pytest
import torch
from torch import Tensor

from idem.landscape.spectrum import (
    distance_from_projector,
    effective_rank,
    fixed_dimension,
    fixed_fraction,
    jacobians,
)
from idem.sweeps.grid import seeded
from idem.sweeps.mlp import MLP


def normal(*size: int, key: int = 0) -> Tensor:
    return torch.randn(*size, generator=seeded(12, key), dtype=torch.float64)


def projector(n: int, rank: int) -> Tensor:
    """Return an oblique projector."""
    V = normal(n, n)
    return V[:, :rank] @ torch.linalg.inv(V)[:rank]


def test_the_jacobian_is_that_of_autograd():
    f, y = MLP((3, 5, 3)).double(), normal(4, 3)
    values = [parameter.detach() for parameter in f.parameters()]
    found = jacobians(list(zip(values[::2], values[1::2], strict=True)), y, 0.2)
    for item, J in zip(y, found, strict=True):
        expected = torch.autograd.functional.jacobian(f, item)
        torch.testing.assert_close(J, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("rank", range(5))
def test_a_projector_has_its_rank_as_dimension_and_no_distance(rank: int):
    values = torch.linalg.eigvals(projector(4, rank))
    assert int(fixed_dimension(values)) == rank
    assert float(distance_from_projector(values)) < 1e-12


def test_the_farthest_eigenvalue_counts():
    values = torch.tensor([[0.0, 1.0, 0.7], [1.2, 1.0, 0.1], [0.6j, 0.0, 1.0]])
    assert distance_from_projector(values).tolist() == pytest.approx([0.3, 0.2, 0.6])
    assert fixed_dimension(values).tolist() == [2, 2, 1]


def test_the_effective_rank_is_the_definition_and_has_no_scale():
    J = normal(3, 5, 5)
    gram = J.mT @ J
    trace = gram.diagonal(dim1=1, dim2=2).sum(1)
    expected = trace.square() / gram.square().sum((1, 2))
    torch.testing.assert_close(effective_rank(J), expected)
    torch.testing.assert_close(effective_rank(1e-9 * J), expected)
    equal = torch.diag(torch.tensor([2.0, 2.0, 0.0]))
    assert float(effective_rank(equal)) == pytest.approx(2)
    assert effective_rank(0 * J).isnan().all()


@pytest.mark.parametrize("size", [1e-30, 1e-25, 1e25])
def test_the_effective_rank_bears_sizes_whose_squares_are_no_numbers(size: float):
    J = size * torch.diag(torch.tensor([1.0, 1.0, 1.0, 0.0]))
    assert float(effective_rank(J)) == pytest.approx(3)


def test_the_share_that_stays():
    y = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 4.0], [1.0, 1.0]])
    u = y * torch.tensor([[1.0], [1.05], [1.2], [0.999]])
    assert float(fixed_fraction(y, u, 0.01)) == 0.5
    assert float(fixed_fraction(y, u, 0.1)) == 0.75
    assert float(fixed_fraction(y, y, 0.01)) == 1
