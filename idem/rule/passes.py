"""The forward passes of one training step: which move running statistics, which draw randomly.

A step of `idem.rule.loss.idempotency_loss` applies f to x, to f(x), to f(f(x)), ... In some
networks a pass has a side effect or is random: BatchNorm moves its running statistics, spectral
normalisation makes a power iteration, and dropout draws a mask. Whether the later passes may do so
is a choice, and it is made here.

Running statistics. In training mode every pass normalises by its own batch, whatever the choice;
what is chosen is which passes may move the statistics that evaluation mode uses. A pass that may
not is made with copies of all registered buffers in their place, which are then dropped: so it does
not matter whose they are (BatchNorm's, a parametrization's, a layer's written by hand), nor whether
the layer can be looked into (`torch.jit`, `torch.export`). State that is no registered buffer goes
unseen. Under `torch.func.vmap` only ``"none"`` is possible for BatchNorm: PyTorch refuses to move
statistics there.

Randomness. With one mask in all passes the loss is that of the thinned network, f_m(f_m(x)) against
f_m(x). All passes then start from the state from which the first one started, of PyTorch's
generators of the CPU and of the device of x: dropout, stochastic depth and added noise, in the
target network too. A network spread over several devices, and one that draws from generators of its
own, of NumPy or of Python, draws anew there. `torch.compile` of a whole step with
``fullgraph=True`` cannot trace such states.

DistributedDataParallel. Only the first pass goes through its wrapper, which prepares the averaging
of gradients and broadcasts the buffers; the others take the network within, and send nothing but
the batch statistics of SyncBatchNorm. Within ``torch.compile(DistributedDataParallel(f))`` they are
not compiled; in ``DistributedDataParallel(torch.compile(f))`` all passes are.

A target network is what the later passes apply in the place of f, and its buffers stay.

Memory that is used again. CUDA graphs and bound outputs of inference engines return every result in
the same memory, so that f(y) would overwrite y, uncounted. No copy helps: a CUDA graph has also
overwritten what the backward pass of f(x) needs. Such networks are refused.

A network that overwrites its input would overwrite y too. It is refused where PyTorch counts what
is written, and given a copy of y where it does not: in a compiled step, in `torch.func` and in
`torch.inference_mode`.

Activation checkpointing repeats every recorded pass during the backward pass, outside of what is
chosen here, so that BatchNorm moves once more for each: once under the rules that substitute and
twice under those that record two passes, ordinary and transposed, on top of what was chosen. The
transposed rule needs ``use_reentrant=False``.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.parallel import DistributedDataParallel
from torch.nn.parameter import UninitializedBuffer
from torch.utils.checkpoint import get_device_states, set_device_states

from idem.rule.checks import (
    check_fresh_output,
    check_no_inplace,
    check_output,
    is_transformed,
    memory_of,
    overlap,
    version_of,
)

RUNNING_STATISTICS = ("first", "all", "none")
RANDOMNESS = ("fresh", "same")


class Passes:
    """The first and the later passes of one step.

    Args:
        f: a network (`torch.nn.Module` or callable).
        running_statistics: which passes move the buffers of `f`: the ``"first"`` alone, ``"all"``
            or ``"none"``. A pass that may not takes a copy of all buffers, also of large ones that
            never move, but of BatchNorm's in evaluation mode. They are searched for in a module,
            also where `f` is a method or a `functools.partial` of one. None (default) is
            ``"first"`` for these, and ``"all"`` for any other callable, which cannot be searched.
        randomness: ``"fresh"`` in each pass, or the ``"same"`` in all.
        target: what the later passes apply; None (default) is `f`. Its buffers stay, so that one
            that cannot be searched is taken only where `running_statistics` is ``"all"``.

    Raises:
        ValueError: for an unknown choice, or where buffers shall stay and no module is found.
    """

    def __init__(
        self,
        f: Callable,
        running_statistics: str | None = None,
        randomness: str = "fresh",
        target: Callable | None = None,
    ) -> None:
        if target is not None and _module(target) is None and running_statistics != "all":
            raise ValueError(
                "target: expected a torch.nn.Module, or a method or functools.partial of one, "
                f"whose buffers can be made to stay, got one of type {type(target).__name__}; "
                "where it has none that move, pass running_statistics='all'"
            )
        module = _module(f)
        if running_statistics is None:
            running_statistics = "all" if module is None else "first"
        _require(RUNNING_STATISTICS, running_statistics, "running_statistics")
        _require(RANDOMNESS, randomness, "randomness")
        if running_statistics != "all" and module is None:
            raise ValueError(
                "running_statistics: expected None or 'all' where f is no torch.nn.Module, nor a "
                "method or functools.partial of one, as its buffers cannot be found, got "
                f"{running_statistics!r} and f of type {type(f).__name__}"
            )
        self._f, self._later = f, _within(f if target is None else target)
        self._later_name = "f" if target is None else "target"
        self._same = randomness == "same"
        self._first_rests = module if running_statistics == "none" else None
        self._later_rests = module if target is None else _module(target)
        if target is None and running_statistics == "all":
            self._later_rests = None
        self._y: Tensor | None = None

    def first(self, x: Tensor) -> Tensor:
        """Return f(x).

        Raises:
            TypeError, ValueError: if that is no tensor, or not of the shape of `x`.
        """
        if self._same:
            self._drawn = _generators(x)
        y = _apply(self._f, x, self._first_rests, "f")
        self._y = None if memory_of(y) is None else y.detach()
        return y

    def inner(self, y: Tensor) -> Tensor:
        """Return f(y), or that of the target, where `y` is what an earlier pass returned.

        Raises:
            TypeError, ValueError: as `first`, and if `y`, or what the first pass returned and is
                still needed, is overwritten.
        """
        version = version_of(y)
        with _repeated(y, *self._drawn) if self._same else nullcontext():
            z = self._apply_later(y.clone() if version is None else y, self._later_rests)
        kept = [] if self._y is None else [self._y, y.detach()]
        if any(overlap(memory_of(z), memory_of(needed)) for needed in kept):
            copies = [needed.clone() for needed in kept]
            self._other(y)
            check_fresh_output(zip(kept, copies, strict=True))
        check_no_inplace(y, version)
        return z

    def _other(self, y: Tensor) -> None:
        """Apply a later pass to other numbers than those of `y`, without any side effect."""
        with torch.no_grad(), _repeated(y, *_generators(y)):
            self._apply_later((1 - y) / 2, self._later_rests or _module(self._later))

    def _apply_later(self, y: Tensor, rests: nn.Module | None) -> Tensor:
        return _apply(self._later, y, rests, self._later_name)


def _apply(f: Callable, x: Tensor, rests: nn.Module | None, name: str) -> Tensor:
    with nullcontext() if rests is None else _at_rest(rests):
        y = f(x)
    check_output(x, y, name)
    return y


def _module(f: Callable) -> nn.Module | None:
    """Return the module that `f` is, or is a method or a `functools.partial` of."""
    if isinstance(f, partial):
        return _module(f.func)
    owner = f if isinstance(f, nn.Module) else getattr(f, "__self__", None)
    return owner if isinstance(owner, nn.Module) else None


def _within(f: Callable) -> Callable:
    """Return `f` without the wrapper of DistributedDataParallel."""
    if isinstance(f, partial):
        return partial(_within(f.func), *f.args, **f.keywords)
    plain = getattr(f, "_orig_mod", f)  # of what torch.compile returns
    return plain.module if isinstance(plain, DistributedDataParallel) else f


@contextmanager
def _at_rest(f: nn.Module) -> Iterator[None]:
    """Put copies in the place of the buffers of a network for a while."""
    held = [
        (layer, name, buffer)
        for layer in f.modules()
        if not _is_frozen(layer)
        for name, buffer in layer._buffers.items()
        if buffer is not None
    ]
    copies: dict[int, Any] = {}  # one for a buffer that several layers share
    try:
        for layer, name, buffer in held:
            if id(buffer) not in copies:
                copies[id(buffer)] = _stand_in(layer, name, buffer)
            setattr(layer, name, copies[id(buffer)])
        yield
    finally:
        for layer, name, buffer in held:
            setattr(layer, name, buffer)


def _is_frozen(layer: nn.Module) -> bool:
    """Tell whether it is known of a layer that no pass moves its buffers: there is no need then."""
    return isinstance(layer, _NormBase) and not layer.training


def _stand_in(layer: nn.Module, name: str, buffer: Tensor) -> Tensor | None:
    """Return a copy; nothing for BatchNorm within `torch.func.vmap`, which lets no pass move it.

    With nothing in their place elsewhere, SyncBatchNorm, DistributedDataParallel and a checkpoint
    that repeats the pass would fail.
    """
    if isinstance(buffer, UninitializedBuffer):
        raise ValueError(
            f"running_statistics: expected buffers that exist, which shall stay, got {name} of a "
            f"{type(layer).__name__} before its first pass; apply f once before"
        )
    return None if isinstance(layer, _NormBase) and is_transformed() else buffer.clone()


def _generators(y: Tensor) -> tuple[Tensor, list[int], list[Tensor]]:
    """Return the states of the random generators that a pass over `y` draws from."""
    return torch.get_rng_state(), *get_device_states(y)


@contextmanager
def _repeated(
    y: Tensor, state: Tensor, devices: list[int], device_states: list[Tensor]
) -> Iterator[None]:
    """Start the random generators from an earlier state for a while."""
    with torch.random.fork_rng(devices, device_type=y.device.type):
        torch.set_rng_state(state)
        set_device_states(devices, device_states, device_type=y.device.type)
        yield


def _require(known: tuple[str, ...], name: str, kind: str) -> None:
    if name not in known:
        raise ValueError(f"{kind}: expected one of {', '.join(known)}, got {name!r}")
