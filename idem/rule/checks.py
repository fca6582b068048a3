"""Checks of the network and the batch in a training step: shapes, types, gradients, finite numbers.

Shapes, types and whether there is a graph are known without computing, and are always checked.
Whether a number is finite is not known, and looking would disturb three things:

    accelerators    the program would wait until the device has caught up
    loss scaling    float16 is meant to overflow at times: `torch.amp.GradScaler` skips that step
    tracing         `torch.compile` and `torch.func` run on symbols, which have no values

So by default one number is looked at, the loss, which is not finite if anything in the first two
passes is not; and only on the CPU, outside of float16, with gradients enabled, and not while
tracing. Elsewhere a caller may ask for the check, and then waits for the device.
"""

import math
from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor

from idem.rule.corrector import dtype_name


def check_input(x: Tensor) -> None:
    """Raise a TypeError or ValueError unless `x` is a batch of real floating-point numbers."""
    if not isinstance(x, Tensor):
        raise TypeError(f"x: expected a torch.Tensor, got {type(x).__name__}")
    if not x.is_floating_point():
        raise TypeError(
            f"x: expected real floating-point numbers, got {dtype_name(x.dtype)}; "
            "convert them, as in x.float()"
        )
    if x.dim() == 0 or x.numel() == 0:
        raise ValueError(f"x: expected a non-empty batch, shape (B, ...), got {tuple(x.shape)}")


def check_output(x: Tensor, y: Tensor, name: str = "f") -> None:
    """Raise a TypeError or ValueError unless `y` may be what the network `name` made of `x`."""
    if not isinstance(y, Tensor):
        raise TypeError(f"{name}: expected a tensor as its output, got {type(y).__name__}")
    if not y.is_floating_point():
        raise TypeError(
            f"{name}: expected real floating-point numbers as its output, got {dtype_name(y.dtype)}"
        )
    if y.shape != x.shape:
        raise ValueError(
            f"{name}: expected an output of the shape of its input, {tuple(x.shape)}, "
            f"got {tuple(y.shape)}; only a map of a space into itself can be idempotent"
        )


def version_of(x: Tensor) -> int | None:
    """Return how often `x` has been written to, or None where that is not counted.

    It is not in a compiled step, in `torch.func` and in `torch.inference_mode`. There a pass has to
    be given a copy, as one that overwrites its input could not be found out.
    """
    uncounted = torch.compiler.is_compiling() or is_transformed() or x.is_inference()
    return None if uncounted else x._version


def check_no_inplace(x: Tensor, version: int | None) -> None:
    """Raise a ValueError if `x`, of that version before a pass, has been written to since."""
    if version is not None and x._version != version:
        raise ValueError(
            "f: expected a network that leaves its input alone, got one that overwrites it, and "
            "with it f(x), which is needed again; set inplace=False in its first layer, or let it "
            "begin with x.clone()"
        )


def memory_of(x: Tensor) -> tuple[int, int] | None:
    """Return where the entries of `x` lie, first and last byte, or None where that is not known."""
    if type(x) is not Tensor or torch.compiler.is_compiling() or is_transformed():
        return None
    start = x.data_ptr()
    if start == 0:  # without numbers, as on the device meta
        return None
    last = sum((n - 1) * stride for n, stride in zip(x.shape, x.stride(), strict=True))
    return start, start + (last + 1) * x.element_size() - 1


def overlap(a: tuple[int, int] | None, b: tuple[int, int] | None) -> bool:
    """Tell whether two ranges of memory, as `memory_of` returns them, have a byte in common."""
    return a is not None and b is not None and a[0] <= b[1] and b[0] <= a[1]


def check_fresh_output(kept: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Raise a ValueError if f writes all outputs to the same memory.

    To be asked where f(y) lies in memory that is still needed, after one more pass over other
    numbers. A network that returns its input, or a constant, may do so, and writes nothing.

    Args:
        kept: outputs that are still needed, and copies of them from before that pass.
    """
    if not all(torch.equal(y.nan_to_num(), copy.nan_to_num()) for y, copy in kept):
        raise ValueError(
            "f: expected every output in memory of its own, got f(f(x)) in that of f(x), which is "
            "needed again, as CUDA graphs and bound outputs write it; train f without them, or let "
            "torch.compile make the graphs"
        )


def check_graph(f: Callable, x: Tensor, y: Tensor) -> None:
    """Raise a ValueError if gradients are wanted and ``y = f(x)`` leads to none."""
    if y.requires_grad or not torch.is_grad_enabled() or is_transformed():
        return
    advice = "to evaluate only, call this under torch.no_grad()"
    if not isinstance(f, torch.nn.Module):
        raise ValueError(
            "f: expected an output that leads back to what is trained, got one without a graph: f "
            f"detaches it, or neither x nor anything in f needs a gradient; {advice}"
        )
    if x.requires_grad or any(parameter.requires_grad for parameter in f.parameters()):
        raise ValueError(
            "f: expected an output that leads back to the parameters, got a detached one although "
            "some need gradients; look for detach(), no_grad(), .data or numpy() within f"
        )
    raise ValueError(
        "f: expected a parameter that needs a gradient, got none, and x needs none either; call "
        f"f.requires_grad_() to train it; {advice}"
    )


def should_check_finite(check_finite: bool | None, y: Tensor) -> bool:
    """Decide whether to check that the numbers of a step are finite; see above.

    Args:
        check_finite: what the caller asked for; None leaves it to the circumstances.
        y: the output of the first pass.

    Raises:
        ValueError: if asked for where tensors have no values.
    """
    symbolic = torch.compiler.is_compiling() or is_transformed() or y.device.type == "meta"
    if check_finite and symbolic:
        raise ValueError(
            "check_finite: expected None or False under torch.compile and torch.func and on the "
            "device meta, where tensors have no values, got True"
        )
    if check_finite is not None or symbolic:
        return bool(check_finite)
    free = y.device.type == "cpu" and type(y) is Tensor  # and not a subclass without numbers
    return free and torch.is_grad_enabled() and not _is_float16(y)


def check_numbers(passes: Mapping[str, Tensor], evidence: Tensor) -> None:
    """Raise a FloatingPointError that names the first of `passes` that is not finite.

    Args:
        passes: the input and the outputs, by name, in the order in which they were computed.
        evidence: a scalar that is not finite if one of them is not; if it is finite, nothing else
            is looked at.
    """
    if math.isfinite(evidence.item()):
        return
    advice = "where this is meant to happen, pass check_finite=False"
    for name, tensor in passes.items():
        if not bool(tensor.isfinite().all()):
            found = "NaN" if bool(tensor.isnan().any()) else "infinity"
            who = name if name == "x" else "f"
            raise FloatingPointError(
                f"{who}: expected finite numbers, got {found} in {name}; {advice}"
            )
    raise FloatingPointError(
        f"f: expected outputs whose squares are finite in {dtype_name(evidence.dtype)}, got a loss "
        f"of {evidence.item()}; {advice}"
    )


def is_transformed() -> bool:
    """Tell whether a transform of `torch.func` is at work."""
    return torch._C._are_functorch_transforms_active()


def _is_float16(y: Tensor) -> bool:
    kind = y.device.type
    autocast = torch.is_autocast_enabled(kind) and torch.get_autocast_dtype(kind) == torch.float16
    return autocast or y.dtype == torch.float16
