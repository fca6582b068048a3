r"""The latent space of a network that passes through a code: f = D ∘ E, images (n) to codes (k).

Where f is idempotent and smooth, f(f(x)) = f(x) makes its Jacobian at y = f(x) a projection:
J(y)² = J(y), with eigenvalues 0 and 1, as many of them 1 as the learned manifold has dimensions.
J itself is n by n, but of rank k at most:

    J = A B,    A = J_D(E(y))  (n, k),    B = J_E(y)  (k, n)

so all that can be asked of J is in k by k matrices, exactly:

    eigenvalues   those of M = B A, and n − k zeros
    trace         tr M
    singular values   those of R S', where A = Q R and Bᵀ = P S, since J = Q (R S') Pᵀ
    ‖J² − J‖      = ‖R (M − 1) S'‖, since J² − J = A (M − 1) B

That J(y) is a projection holds at fixed points alone. At any other y = f(x) the chain rule has, of
an idempotent f, J(f(y)) J(y) = J(y) instead: with A', B' the factors at f(y),

    J(f(y)) J(y) − J(y) = (A' B' A − A) B

where S' is the transpose of S. The eigenvalues of J say what repetition keeps; where the singular
values differ from their moduli, J is not normal and one application can still enlarge.

Layout: items first; images (B, C, H, W), codes (B, k). BatchNorm has to be in evaluation mode, in
which f is a map of single images: `with_held_statistics` makes such a map of one in training mode.

Sources: Horn and Johnson, Matrix Analysis, theorem 1.3.22 (AB and BA); Shoemake, SIGGRAPH 1985
(spherical interpolation); White, arXiv 1609.04468 (the same for codes).
"""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import jacfwd, jacrev, vmap

from idem.generative.decorrelation import BATCH_NORMS, DecorrelatedBatchNorm2d
from idem.generative.udcgan import UDCGAN


def encoded(f: UDCGAN, x: Tensor) -> Tensor:
    """Return the codes of images, (B, k).

    Raises:
        ValueError: `f` has skips, so that an image does not pass through its code alone.
    """
    _check_has_code(f)
    return f.encode(x)[0].flatten(1)


def decoded(f: UDCGAN, codes: Tensor) -> Tensor:
    """Return the images of codes (B, k).

    Raises:
        ValueError: `f` has skips, so that a code alone makes no image.
    """
    _check_has_code(f)
    return f.decode(codes[:, :, None, None])


@dataclass(frozen=True)
class CodeJacobian:
    """The Jacobian J = A B of f at every item, by its factors.

    Attributes:
        out: A, (B, n, k), how the image moves with the code.
        into: B, (B, k, n), how the code moves with the image.
    """

    out: Tensor
    into: Tensor

    def within_code(self) -> Tensor:
        """Return M = B A, (B, k, k), with the eigenvalues of J that are not 0 for want of rank."""
        return self.into @ self.out

    def eigenvalues(self) -> Tensor:
        """Return those of M, (B, k), complex, the largest modulus first."""
        values = torch.linalg.eigvals(self.within_code())
        return values.gather(-1, values.abs().argsort(dim=-1, descending=True))

    def compressed(self) -> Tensor:
        """Return J between the range of A and that of Bᵀ, (B, k, k): the same singular values."""
        left, right = self._triangles()
        return left @ right.mT

    def departure(self) -> Tensor:
        """Return ‖J² − J‖ / ‖J‖, Frobenius norms, (B,): 0 exactly where J is a projection.

        NaN where J is zero, which is a projection onto nothing.
        """
        left, right = self._triangles()
        M = self.within_code()
        excess = left @ (M - torch.eye(M.shape[-1], dtype=M.dtype, device=M.device)) @ right.mT
        return torch.linalg.matrix_norm(excess) / torch.linalg.matrix_norm(left @ right.mT)

    def composition_departure(self, next_: "CodeJacobian") -> Tensor:
        """Return ‖J(f(y)) J(y) − J(y)‖ / ‖J(y)‖, (B,): 0 wherever f is idempotent and smooth.

        Args:
            next_: the Jacobian at f(y), of the same items.
        """
        excess = next_.out @ (next_.into @ self.out) - self.out
        left, right = self._triangles()
        numerator = torch.linalg.qr(excess)[1] @ right.mT
        return torch.linalg.matrix_norm(numerator) / torch.linalg.matrix_norm(left @ right.mT)

    def _triangles(self) -> tuple[Tensor, Tensor]:
        return torch.linalg.qr(self.out)[1], torch.linalg.qr(self.into.mT)[1]


def code_jacobian(f: UDCGAN, y: Tensor) -> CodeJacobian:
    """Return the Jacobian of f at every item, exactly, by way of the code.

    k vector products a factor and item, in place of n of the whole network.

    Args:
        f: without skips, in evaluation mode.
        y: where, (B, C, H, W); at outputs of an idempotent `f` the result is a projection.

    Raises:
        ValueError: `f` has skips, or is in training mode.

    Example:
        >>> f = UDCGAN((1, 8, 8), channels=(4,), bottleneck=3).eval()
        >>> code_jacobian(f, torch.zeros(2, 1, 8, 8)).eigenvalues().shape
        torch.Size([2, 3])
    """
    _check_has_code(f)
    if f.training:
        raise ValueError(
            "f: expected evaluation mode, a map of single images; call f.eval(), or "
            "with_held_statistics(f, x) for the statistics of one batch"
        )

    def into(image: Tensor) -> Tensor:
        return encoded(f, image[None])[0]

    def out(code: Tensor) -> Tensor:
        return decoded(f, code[None]).flatten()

    y = y.contiguous()
    B = vmap(jacrev(into))(y).detach().flatten(2)
    A = vmap(jacfwd(out))(encoded(f, y).detach()).detach()
    return CodeJacobian(A, B)


def with_held_statistics(f: UDCGAN, x: Tensor) -> UDCGAN:
    """Return the map of single images that training mode is for the batch `x`.

    In training mode what becomes of an image depends on those beside it. The copy returned is in
    evaluation mode and normalises by the statistics that `x` has in every layer: on `x` it equals
    `f` in training mode, and a further image does not change what becomes of the others. Its
    Jacobian at an item of `x` leaves out that the item moves the statistics: a fraction of 1/B.

    Args:
        f: not changed.
        x: (B, C, H, W), B of at least 2.
    """
    held = copy.deepcopy(f)
    hooks = [
        layer.register_forward_pre_hook(_take_statistics)
        for layer in held.modules()
        if isinstance(layer, BATCH_NORMS)
    ]
    held.eval()
    with torch.no_grad():
        held(x)
    for hook in hooks:
        hook.remove()
    return held


def linear_path(a: Tensor, b: Tensor, steps: int) -> Tensor:
    """Return `steps` points from a to b on the straight line, evenly spaced: (steps, ...).

    Args:
        a: first points, any shape.
        b: last points, the same shape.
        steps: at least 2.

    Raises:
        ValueError: for fewer than two steps.
    """
    return torch.stack([torch.lerp(a, b, fraction) for fraction in fractions(steps)])


def spherical_path(a: Tensor, b: Tensor, steps: int) -> Tensor:
    """Return `steps` points from a to b along the great circle, evenly spaced: (steps, B, k).

        sin((1−t)θ)/sin θ · a + sin(tθ)/sin θ · b,    θ the angle between a and b

    The norm stays between those of a and b, where a straight line passes nearer to the origin than
    any code of data does. Codes along one line are joined by the straight one.

    Args:
        a: first points, (B, k).
        b: last points, (B, k).
        steps: at least 2.

    Raises:
        ValueError: for fewer than two steps.
    """
    cosine = torch.cosine_similarity(a, b, dim=-1).clamp(-1, 1)
    angle = cosine.acos()[:, None]
    flat = angle.sin().abs() < 1e-4
    sine = torch.where(flat, 1.0, angle.sin())
    path = []
    for t in fractions(steps):
        round_ = (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / sine
        path.append(torch.where(flat, torch.lerp(a, b, t), round_))
    return torch.stack(path)


def fractions(steps: int) -> list[float]:
    """Return the fractions of the way, from 0 to 1.

    Raises:
        ValueError: for fewer than two steps.
    """
    if steps < 2:
        raise ValueError(f"steps: expected at least 2, got {steps}")
    return [step / (steps - 1) for step in range(steps)]


def evenness(path: Tensor) -> Tensor:
    """Return the mean over the largest step of each path: 1 for even steps, 1/T for one jump in T.

    Args:
        path: (T + 1, B, ...).

    Returns:
        (B,); NaN where nothing moves.
    """
    lengths = path.diff(dim=0).flatten(2).norm(dim=2)
    return lengths.mean(0) / lengths.amax(0)


def principal_dimension(codes: Tensor, fraction: float) -> int:
    """Return how many principal components hold this fraction of the variance: 0 without variance.

    Args:
        codes: (B, k), at least two rows.
        fraction: of the variance, in (0, 1].
    """
    values = torch.linalg.svdvals(codes.double() - codes.double().mean(0)).square()
    if float(values.sum()) == 0:
        return 0
    held = values.cumsum(0) / values.sum()
    return int((held < fraction * (1 - 1e-12)).sum()) + 1


def fraction_near(eigenvalues: Tensor, level: float, tolerance: float) -> Tensor:
    """Return the fraction of eigenvalues within a tolerance of a level, over the last dimension.

    Args:
        eigenvalues: (..., k), real or complex.
        level: such as 0 or 1.
        tolerance: largest distance in the complex plane.
    """
    return ((eigenvalues - level).abs() <= tolerance).double().mean(-1)


def _take_statistics(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    assert isinstance(layer, BATCH_NORMS)
    if isinstance(layer, DecorrelatedBatchNorm2d):
        mean, variance = layer.statistics(inputs[0])
    else:
        variance, mean = torch.var_mean(inputs[0], dim=(0, 2, 3), correction=0)
    layer.running_mean, layer.running_var = mean, variance


def _check_has_code(f: UDCGAN) -> None:
    if f.skips:
        raise ValueError(
            f"f: expected a network without skips, got skips at levels {sorted(f.skips)}: images "
            "pass around the code there, and neither codes nor their Jacobians describe f; take "
            "idem.landscape.spectrum on the whole Jacobian"
        )
