"""How the passes of one step go through a network: which of them move statistics or draw anew.

A step of `idem.objectives.idempotency_loss` applies f to x, to f(x), to f(f(x)), ... In some
networks a pass leaves a trace or throws dice: BatchNorm moves its running statistics, and dropout
draws a mask. Whether the later passes may do so is a choice, and it is made here.

Running statistics. In training mode every pass normalises by its own batch, whatever the choice;
what is chosen is which passes may leave a trace for evaluation mode. A pass that may not is made
with the running buffers taken off the layers: PyTorch then normalises by the batch and keeps
nothing, not even ``num_batches_tracked``. Layers in evaluation mode are left alone.

Randomness. With one mask in all passes the loss is that of the thinned network, f_m(f_m(x)) against
f_m(x). All passes then start from the state of the random generators that the first one started
from, which covers any kind of randomness, stochastic depth and added noise too.

DistributedDataParallel. Only the first pass goes through its wrapper, which prepares the averaging
of gradients and broadcasts the buffers; the others take the network within and send nothing.

Activation checkpointing repeats a recorded pass during the backward pass, outside of what is chosen
here, so that BatchNorm moves once more, as PyTorch documents.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.parallel import DistributedDataParallel
from torch.utils.checkpoint import get_device_states, set_device_states

from idem.validation import check_output

RUNNING_STATISTICS = ("first", "all", "none")
RANDOMNESS = ("fresh", "same")
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


class Passes:
    """The first and the later passes of one step.

    Args:
        f: a network (`torch.nn.Module` or callable).
        running_statistics: which passes move those of BatchNorm and InstanceNorm layers in training
            mode: the ``"first"`` alone, ``"all"`` or ``"none"``. A callable that is no module
            cannot be searched for such layers, and is run as it is.
        randomness: ``"fresh"`` in each pass, or the ``"same"`` in all.

    Raises:
        ValueError: for an unknown choice, or ``"none"`` where `f` is no module.
    """

    def __init__(
        self, f: Callable, running_statistics: str = "first", randomness: str = "fresh"
    ) -> None:
        _require(RUNNING_STATISTICS, running_statistics, "running_statistics")
        _require(RANDOMNESS, randomness, "randomness")
        if running_statistics == "none" and not isinstance(f, nn.Module):
            raise ValueError(
                "running_statistics: expected first or all where f is no torch.nn.Module, as its "
                f"layers cannot be found, got 'none' and f of type {type(f).__name__}"
            )
        self._f, self._inner = f, f.module if isinstance(f, DistributedDataParallel) else f
        self._same = randomness == "same"
        self._moving = _moving(f) if running_statistics != "all" else []
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
            TypeError, ValueError: as `first`.
        """
        if not self._same:
            return self._apply(self._inner, y, at_rest=True)
        with _repeated(y, *self._drawn):
            return self._apply(self._inner, y, at_rest=True)

    def _apply(self, f: Callable, x: Tensor, *, at_rest: bool) -> Tensor:
        with _at_rest(self._moving if at_rest else []):
            y = f(x)
        check_output(x, y)
        return y


def _moving(f: Callable) -> list[_NormBase]:
    """List the layers whose running statistics a pass would move."""
    if not isinstance(f, nn.Module):
        return []
    layers = (m for m in f.modules() if isinstance(m, _NormBase))
    return [m for m in layers if m.training and m.running_mean is not None]


@contextmanager
def _at_rest(layers: list[_NormBase]) -> Iterator[None]:
    """Take the running buffers off some layers for a while."""
    held = [[getattr(layer, name) for name in _BUFFERS] for layer in layers]
    try:
        for layer in layers:
            _attach(layer, [None, None, None])
        yield
    finally:
        for layer, buffers in zip(layers, held, strict=True):
            _attach(layer, buffers)


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
