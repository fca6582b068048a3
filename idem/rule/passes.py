"""The forward passes of one training step: which move running statistics, which draw randomly.

A step of `idem.rule.loss.idempotency_loss` applies f to x, to f(x), to f(f(x)), ... In some
networks a pass has a side effect or is random: BatchNorm moves its running statistics, and dropout
draws a mask. Whether the later passes may do so is a choice, and it is made here.

Running statistics. In training mode every pass normalises by its own batch, whatever the choice;
what is chosen is which passes may move the statistics that evaluation mode uses. A pass that may
not is made with copies of the running buffers in their place, which are then dropped. Layers in
evaluation mode are left alone. Under `torch.func.vmap` only ``"none"`` is possible: PyTorch refuses
to move statistics there.

Randomness. With one mask in all passes the loss is that of the thinned network, f_m(f_m(x)) against
f_m(x). All passes then start from the state from which the first one started, of PyTorch's
generators of the CPU and of the device of x: dropout, stochastic depth and added noise. A network
spread over several devices, and one that draws from generators of its own, of NumPy or of Python,
draws anew there. `torch.compile` of a whole step with ``fullgraph=True`` cannot trace such states.

DistributedDataParallel. Only the first pass goes through its wrapper, which prepares the averaging
of gradients and broadcasts the buffers; the others take the network within, and send nothing but
the batch statistics of SyncBatchNorm. Within ``torch.compile(DistributedDataParallel(f))`` they are
not compiled; in ``DistributedDataParallel(torch.compile(f))`` all passes are.

Activation checkpointing repeats every recorded pass during the backward pass, outside of what is
chosen here, so that BatchNorm moves once more for each: once under the rules that substitute and
twice under the ordinary rule, on top of what was chosen.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.parallel import DistributedDataParallel
from torch.utils.checkpoint import get_device_states, set_device_states

from idem.rule.checks import check_no_inplace, check_output, is_transformed, version_of

RUNNING_STATISTICS = ("first", "all", "none")
RANDOMNESS = ("fresh", "same")
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


class Passes:
    """The first and the later passes of one step.

    Args:
        f: a network (`torch.nn.Module` or callable).
        running_statistics: which passes move those of BatchNorm and InstanceNorm layers in training
            mode: the ``"first"`` alone, ``"all"`` or ``"none"``. The layers are searched for in a
            module, also where `f` is a method or a `functools.partial` of one. None (default) is
            ``"first"`` for these, and ``"all"`` for any other callable, which cannot be searched.
        randomness: ``"fresh"`` in each pass, or the ``"same"`` in all.

    Raises:
        ValueError: for an unknown choice, or ``"first"`` or ``"none"`` where no module is found.
    """

    def __init__(
        self, f: Callable, running_statistics: str | None = None, randomness: str = "fresh"
    ) -> None:
        module = _module(f)
        if running_statistics is None:
            running_statistics = "all" if module is None else "first"
        _require(RUNNING_STATISTICS, running_statistics, "running_statistics")
        _require(RANDOMNESS, randomness, "randomness")
        if running_statistics != "all" and module is None:
            raise ValueError(
                "running_statistics: expected None or 'all' where f is no torch.nn.Module, nor a "
                "method or functools.partial of one, as its layers cannot be found, got "
                f"{running_statistics!r} and f of type {type(f).__name__}"
            )
        self._f, self._inner = f, _within(f)
        self._same = randomness == "same"
        self._moving = [] if module is None or running_statistics == "all" else _moving(module)
        self._first_moves = running_statistics != "none"

    def first(self, x: Tensor) -> Tensor:
        """Return f(x).

        Raises:
            TypeError, ValueError: if that is no tensor, or not of the shape of `x`.
        """
        if self._same:
            self._drawn = torch.get_rng_state(), *get_device_states(x)
        return self._apply(self._f, x, at_rest=not self._first_moves)

    def inner(self, y: Tensor) -> Tensor:
        """Return f(y), where `y` is what an earlier pass returned.

        Raises:
            TypeError, ValueError: as `first`, and if `y` is overwritten.
        """
        version = version_of(y)
        with _repeated(y, *self._drawn) if self._same else nullcontext():
            z = self._apply(self._inner, y, at_rest=True)
        check_no_inplace(y, version)
        return z

    def _apply(self, f: Callable, x: Tensor, *, at_rest: bool) -> Tensor:
        with _at_rest(self._moving if at_rest else []):
            y = f(x)
        check_output(x, y)
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


def _moving(f: nn.Module) -> list[_NormBase]:
    """List the layers whose running statistics a pass would move."""
    layers = (m for m in f.modules() if isinstance(m, _NormBase))
    return [m for m in layers if m.training and m.running_mean is not None]


@contextmanager
def _at_rest(layers: list[_NormBase]) -> Iterator[None]:
    """Put copies in the place of the running buffers of some layers for a while."""
    held = [[getattr(layer, name) for name in _BUFFERS] for layer in layers]
    try:
        for layer, buffers in zip(layers, held, strict=True):
            _attach(layer, [_stand_in(buffer) for buffer in buffers])
        yield
    finally:
        for layer, buffers in zip(layers, held, strict=True):
            _attach(layer, buffers)


def _stand_in(buffer: Tensor | None) -> Tensor | None:
    """Return a copy, or nothing under `torch.func.vmap`, which lets no pass move a buffer.

    With nothing in their place elsewhere, SyncBatchNorm, DistributedDataParallel and a checkpoint
    that repeats the pass would fail.
    """
    return None if buffer is None or is_transformed() else buffer.clone()


def _attach(layer: _NormBase, buffers: list[Any]) -> None:
    for name, buffer in zip(_BUFFERS, buffers, strict=True):
        setattr(layer, name, buffer)


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
