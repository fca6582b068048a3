"""Partial outputs of a stage, while some of its units are missing, under names of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from stages.common import resume


def write_completed(
    path: Path,
    plan: resume.Plan,
    write: Callable[[Path, Sequence[Any], Sequence[Any]], None],
    keep: Path | None,
    others: Iterable[resume.Plan] = (),
) -> None:
    """Write what the units of a plan come to, or `so_far` when the time is up before all are done.

    Args:
        path: of the outputs, without an ending; its name is the label of all units.
        plan: how the units are computed.
        write: is given the path to write at, the result of every unit, None of one that is not
            done, and the notes of every unit's checkpoint, None where there are none.
        keep: of `stages.common.resume.completed`, as `others`.
        others: the plans of the other stages.

    Raises:
        SystemExit: as `stages.common.resume.completed`.
    """
    from stages.common.resume import completed  # and PyTorch, which readers of names do without

    def late(results: list[Any], notes: list[Any]) -> None:
        forget_so_far(path)
        write(so_far(path), results, notes)

    with completed(*plan, keep=keep, label=path.name, others=others, late=late) as results:
        write(path, results, [None] * len(results))
        forget_so_far(path)


def so_far(path: Path) -> Path:
    """Return what an output is called while some units lack; of several, without their ending."""
    return path.with_stem(f"{path.stem}_so_far")


def forget_so_far(path: Path) -> None:
    """Remove what there was so far of the outputs whose names begin so."""
    for file in path.parent.glob(f"{so_far(path).name}*"):
        file.unlink()


def else_so_far(path: Path) -> Path:
    """Return an output, or its `so_far` file where only that exists."""
    return next((there for there in (path, so_far(path)) if there.exists()), path)
