"""The Jacobian by way of the code equals the whole one; paths, counts and dimensions."""

import math

import pytest
import torch
from torch import Generator, Tensor

from idem.evaluation.latent import (
    CodeJacobian,
    code_jacobian,
    decoded,
    encoded,
    evenness,
    fraction_near,
    linear_path,
    principal_dimension,
    spherical_path,
    with_held_statistics,
)
from idem.generative.udcgan import UDCGAN
from idem.landscape.spectrum import effective_rank

# PyTorch's forward mode loads what its own jit warns of.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")


def normal(*size: int, seed: int = 0) -> Tensor:
    return torch.randn(*size, generator=Generator().manual_seed(seed), dtype=torch.float64)


def network(skips: tuple[int, ...] = ()) -> UDCGAN:
    """Return a network whose Jacobian is neither small nor close to a projection."""
    f = UDCGAN((2, 8, 8), (5, 6), 4, skips, generator=Generator().manual_seed(1)).double()
    for p in f.parameters():
        p.data = p.data * 10 if p.dim() > 1 else p.data
    return with_held_statistics(f, normal(16, 2, 8, 8)) if not skips else f.eval()


def whole(f: UDCGAN, y: Tensor) -> Tensor:
    """Return the Jacobian of f at every item, slowly, (B, n, n)."""
    return torch.stack(
        [
            torch.autograd.functional.jacobian(lambda v: f(v.view(1, 2, 8, 8)).flatten(), item)  # pyright: ignore
            for item in y.flatten(1)
        ]
    )


@pytest.fixture(scope="module")
def found() -> tuple[CodeJacobian, Tensor]:
    f, y = network(), normal(3, 2, 8, 8, seed=2)
    return code_jacobian(f, y), whole(f, y)


def test_the_factors_multiply_to_the_jacobian_of_autograd(found: tuple[CodeJacobian, Tensor]):
    jacobian, J = found
    torch.testing.assert_close(jacobian.out @ jacobian.into, J, rtol=1e-9, atol=1e-12)
    assert float(J.abs().max()) > 1e-3


def test_the_eigenvalues_are_those_of_the_whole_jacobian_and_zeros(
    found: tuple[CodeJacobian, Tensor],
):
    jacobian, J = found
    values = torch.linalg.eigvals(J)
    values = values.gather(-1, values.abs().argsort(dim=-1, descending=True))
    ours = jacobian.eigenvalues()
    # The moments Σλ^p do not depend on an order among conjugates.
    for power in range(1, 5):
        torch.testing.assert_close((ours**power).sum(1), (values**power).sum(1))
    torch.testing.assert_close(ours.abs(), values[:, :4].abs())
    assert float(values[:, 4:].abs().max()) < 1e-6 * float(values.abs().max())
    assert ours.abs().diff(dim=1).max() <= 0


def test_singular_values_rank_and_departure_are_those_of_the_whole_jacobian(
    found: tuple[CodeJacobian, Tensor],
):
    jacobian, J = found
    compressed = jacobian.compressed()
    torch.testing.assert_close(torch.linalg.svdvals(compressed), torch.linalg.svdvals(J)[:, :4])
    torch.testing.assert_close(effective_rank(compressed), effective_rank(J))
    norm = torch.linalg.matrix_norm
    torch.testing.assert_close(jacobian.departure(), norm(J @ J - J) / norm(J))


def test_how_two_applications_depart_from_one_is_that_of_the_whole_jacobians():
    f, y = network(), normal(3, 2, 8, 8, seed=2)
    u = f(y).detach()
    J, after, norm = whole(f, y), whole(f, u), torch.linalg.matrix_norm
    found = code_jacobian(f, y).composition_departure(code_jacobian(f, u))
    torch.testing.assert_close(found, norm(after @ J - J) / norm(J))


def test_two_applications_of_an_idempotent_map_are_one_where_its_jacobian_is_no_projection():
    """f(v) = v / |v| at v = (2, 0), which is no fixed point."""
    across = torch.tensor([[[0.0], [1.0]]], dtype=torch.float64)
    J, after = (CodeJacobian(across, factor * across.mT) for factor in (0.5, 1.0))
    assert float(J.departure()) == pytest.approx(0.5)
    assert float(J.composition_departure(after)) < 1e-12


def test_an_oblique_projection_has_no_departure_and_eigenvalues_0_and_1():
    A, C = normal(1, 9, 5), normal(1, 5, 9, seed=1)
    half = torch.diag(torch.tensor([1.0, 1.0, 0, 0, 0], dtype=torch.float64))
    jacobian = CodeJacobian(A, half @ torch.linalg.inv(C @ A) @ C)
    assert float(jacobian.departure()) < 1e-10
    values = jacobian.eigenvalues()[0]
    torch.testing.assert_close(values.real, half.diagonal(), atol=1e-10, rtol=0)
    assert float(torch.linalg.svdvals(jacobian.compressed()).max()) > 1.1  # it is oblique
    assert float(fraction_near(values, 1, 1e-6)) == pytest.approx(0.4)
    assert float(fraction_near(values, 0, 1e-6)) == pytest.approx(0.6)


def test_a_projection_at_the_outputs_of_an_idempotent_network():
    """With D the right inverse of E in every layer, f is idempotent."""
    f = UDCGAN((1, 2, 2), (4,), 4, (), "none", generator=Generator().manual_seed(0)).double()
    f.encoder[0] = torch.nn.Conv2d(1, 4, 2, dtype=torch.float64)
    f.squeeze = torch.nn.Sequential(torch.nn.Conv2d(4, 2, 1, bias=False, dtype=torch.float64))
    f.expand = torch.nn.Sequential(torch.nn.ConvTranspose2d(2, 4, 1, bias=False).double())
    f.decoder[0] = torch.nn.ConvTranspose2d(4, 1, 2, dtype=torch.float64)
    E = f.squeeze[0].weight.flatten(1) @ f.encoder[0].weight.flatten(1)  # pyright: ignore
    f.encoder[0].bias.data.zero_()  # pyright: ignore
    f.decoder[0].bias.data.zero_()  # pyright: ignore
    D = torch.linalg.pinv(E)
    f.expand[0].weight.data = torch.eye(2, 4, dtype=torch.float64)[:, :, None, None]
    f.decoder[0].weight.data[:2] = D.T.view(2, 1, 2, 2)  # pyright: ignore
    y = f.eval()(normal(3, 1, 2, 2)).detach()
    torch.testing.assert_close(f(y), y)
    jacobian = code_jacobian(f, y)
    assert float(jacobian.departure().max()) < 1e-10
    torch.testing.assert_close(
        jacobian.eigenvalues().real, torch.ones(3, 2, dtype=torch.float64), rtol=0, atol=1e-6
    )


def test_held_statistics_make_a_map_of_single_images_of_training_mode():
    f = UDCGAN((1, 8, 8), (3, 4), 5, generator=Generator().manual_seed(0)).double()
    x = normal(6, 1, 8, 8)
    before = {name: value.clone() for name, value in f.state_dict().items()}
    held = with_held_statistics(f, x)
    for name, value in f.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    torch.testing.assert_close(held(x), f.train()(x))
    torch.testing.assert_close(held(x[:1]), held(x)[:1])
    assert not torch.allclose(f(x[:2]), held(x)[:2])


def test_code_and_image_compose_to_the_network():
    f, x = network(), normal(3, 2, 8, 8)
    codes = encoded(f, x)
    assert codes.shape == (3, 4)
    torch.testing.assert_close(decoded(f, codes), f(x))


@pytest.mark.parametrize("function", [encoded, code_jacobian])
def test_a_network_with_skips_is_refused(function):
    with pytest.raises(ValueError, match=r"expected a network without skips, got .* \[0, 1\]"):
        function(network(skips=(0, 1)), normal(2, 2, 8, 8))


def test_training_mode_is_refused():
    with pytest.raises(ValueError, match="expected evaluation mode"):
        code_jacobian(network().train(), normal(2, 2, 8, 8))


@pytest.mark.parametrize("path", [linear_path, spherical_path])
def test_paths_begin_and_end_where_they_should(path):
    a, b = normal(3, 5), normal(3, 5, seed=1)
    points = path(a, b, 7)
    assert points.shape == (7, 3, 5)
    torch.testing.assert_close(points[0], a)
    torch.testing.assert_close(points[-1], b)
    with pytest.raises(ValueError, match="steps: expected at least 2, got 1"):
        path(a, b, 1)


def test_the_spherical_path_keeps_the_norm_and_the_angle_between_steps():
    a = torch.nn.functional.normalize(normal(3, 5), dim=1)
    b = torch.nn.functional.normalize(normal(3, 5, seed=1), dim=1)
    points = spherical_path(a, b, 9)
    torch.testing.assert_close(points.norm(dim=2), torch.ones(9, 3, dtype=torch.float64))
    torch.testing.assert_close(evenness(points), torch.ones(3, dtype=torch.float64))
    assert float(linear_path(a, b, 9).norm(dim=2).min()) < 0.95


@pytest.mark.parametrize("factor", [1.0, 2.0, -1.0])
def test_codes_along_one_line_are_joined_by_it(factor: float):
    a = normal(2, 5)
    torch.testing.assert_close(spherical_path(a, factor * a, 5), linear_path(a, factor * a, 5))


def test_evenness_of_even_steps_and_of_one_jump():
    line = linear_path(normal(2, 3), normal(2, 3, seed=1), 6)
    torch.testing.assert_close(evenness(line), torch.ones(2, dtype=torch.float64))
    jump = torch.tensor([0.0, 0, 0, 1, 1])[:, None, None]
    assert float(evenness(jump)) == pytest.approx(0.25)
    assert math.isnan(float(evenness(0 * jump)))


def test_the_principal_dimension_counts_directions():
    codes = normal(50, 3) @ torch.linalg.qr(normal(8, 8))[0][:3] + 5
    assert principal_dimension(codes, 1.0) == 3
    spread = torch.linalg.svd(codes - codes.mean(0), full_matrices=False)
    orthogonal = spread.U @ torch.diag(torch.tensor([9.0, 1, 1] + [0] * 5).double()) @ spread.Vh
    assert principal_dimension(orthogonal, 0.95) == 1  # 81/83
    assert principal_dimension(orthogonal, 0.98) == 2
    assert principal_dimension(torch.ones(4, 3), 0.95) == 0
