"""Count the matrix products and inverses that a computation performs.

Iterations for a matrix function are compared by their cost, and a cost that is derived by reading
the code may be wrong. The count here is taken where PyTorch dispatches to its kernels, so nothing
that a function does on the way, a certificate or a retry, stays hidden.

Source: the mechanism is that of `torch.utils.flop_counter`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

_aten = torch.ops.aten
_PRODUCTS = {  # where the left factor stands among the arguments
    _aten.mm: 0,
    _aten.bmm: 0,
    _aten.addmm: 1,
    _aten.addmm_: 1,
    _aten.baddbmm: 1,
    _aten.baddbmm_: 1,
}
_INVERSES = {_aten.linalg_inv_ex}  # linalg_inv is composed of it


class Counter(TorchDispatchMode):
    """Count products of two n×n matrices, and inverses of one, while the context is open.

    A batch of b counts b times. Products of a matrix with vectors, or with any factor that is not
    n×n too, do not count, nor does what a decomposition or a solver does inside. Backward passes
    count if they run inside the context, in the thread that opened it.

    Example:
        >>> K = torch.eye(3).expand(5, 3, 3)
        >>> with Counter() as count:
        ...     _ = torch.linalg.inv(K @ K) @ K[..., :2]
        >>> count.products, count.inverses
        (5, 5)
    """

    def __init__(self) -> None:
        super().__init__()
        self.products = 0
        """Products so far."""
        self.inverses = 0
        """Inverses so far."""

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Count one call, and make it."""
        with self:  # In inference mode composite operations arrive whole.
            parts = func.decompose(*args, **(kwargs or {}))
        if parts is not NotImplemented:
            return parts
        operation = func.overloadpacket
        if operation in _PRODUCTS:
            left, right = args[_PRODUCTS[operation] :][:2]
            self.products += _products(left, right)
        elif operation in _INVERSES:
            self.inverses += _batch(args[0])
        return func(*args, **(kwargs or {}))


def _products(left: Tensor, right: Tensor) -> int:
    """Count n×n factors on the left, which may be a stack of them with one n×n on the right."""
    rows, n = left.shape[-2:]
    return _batch(left) * (rows // n) if right.shape[-1] == n else 0


def _batch(K: Tensor) -> int:
    return K.shape[:-2].numel()
