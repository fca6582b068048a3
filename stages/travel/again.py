"""Compute a unit again that another machine has computed, and compare by what can be compared.

On the same kind of machine (processor, device, versions) a unit is equal to the last bit. Anywhere
else the last digit differs and training amplifies it: after a few hundred steps at a high rate
nothing is left to compare, and a network that was trained on a GPU has seen other noise. What
can be held against rounding is the beginning of a sweep, before there was time to amplify.
"""

import random
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from idem.checkpoint import Checkpoint
from stages.common import units
from stages.common.engine import device
from stages.common.units import Finished
from stages.travel.arrival import text
from stages.travel.inventory import Work

EARLY = 50  # steps
TOLERANCE = 0.01  # of a number of these
EQUAL = "equal to the last bit"
Row = Mapping[str, Any]
_LANE = {"learning_rate", "step"}  # columns that rows of a sweep have


def drawn(arrived: Mapping[str, tuple[Finished, Work]], within: float, seed: int) -> str | None:
    """Draw a unit to compute again, of those that can be compared here; None if there is none.

    Args:
        arrived: by name.
        within: seconds that it may have taken where it was computed.
        seed: of the draw.

    Raises:
        ValueError: if all took longer.
    """
    seconds = {n: unit.provenance.seconds for n, (unit, _) in arrived.items() if comparable(unit)}
    if not seconds:
        return None
    small = sorted(name for name in seconds if seconds[name] <= within)
    if not small:
        raise ValueError(
            f"expected a unit of at most {within:g} s to compute again, got {min(seconds.values())}"
            " s for the shortest; pass --within SECONDS"
        )
    return random.Random(seed).choice(small)


def comparable(unit: Finished) -> bool:
    """Tell whether a unit, computed again on this machine, can be held against what it holds."""
    return _comparison(unit) is not None


def check(name: str, unit: Finished, work: Work) -> str:
    """Compute a unit again and return in what it agrees, or why it cannot be compared here.

    Raises:
        ValueError: naming the unit, and the row and number if there is one, where it does not.
    """
    if not comparable(unit):
        return "it cannot be compared on another kind of machine"
    try:
        return compared(name, unit, work)
    except FileNotFoundError as error:  # weights, which do not travel
        return f"it cannot be computed again here: {error}"


def compared(name: str, unit: Finished, work: Work) -> str:
    """Compute a unit that is `comparable` again and return in what it agrees.

    Raises:
        ValueError: as `check`.
        FileNotFoundError: if weights or data are not here.
    """
    compare = _comparison(unit)
    assert compare is not None, f"{name}: expected a unit that can be compared"
    try:
        return compare(unit.result, _computed(work))
    except ValueError as error:
        raise ValueError(f"{name}: computed again here: {error}") from None


def _computed(work: Work) -> Any:
    torch.set_num_threads(1)  # as every unit has
    with tempfile.TemporaryDirectory() as folder:
        return work.function(*work.arguments, Checkpoint(Path(folder, "again.npz")))


def _comparison(unit: Finished) -> Callable[[Any, Any], str] | None:
    here, there = units.provenance(0, device()), unit.provenance
    if (there.cpu, there.device, there.versions) == (here.cpu, here.device, here.versions):
        return _to_the_bit
    return _rounded if _early(unit.result) else None


def _to_the_bit(theirs: Any, ours: Any) -> str:
    if text(theirs) != text(ours):
        rows = _swept(theirs), _swept(ours)
        found = (_unlike(*rows, 0.0) if all(rows) else "") or "another result"
        raise ValueError(f"expected the same to the last bit, got {found}")
    return EQUAL


def _rounded(theirs: Any, ours: Any) -> str:
    theirs, ours = _early(theirs), _early(ours)
    unlike = _unlike(theirs, ours, TOLERANCE)
    if unlike:
        raise ValueError(f"expected numbers of the first {EARLY} steps within 1%, got {unlike}")
    return f"{len(theirs)} rows of the first {EARLY} steps within 1%; training amplifies the rest"


def _early(result: Any) -> list[Row]:
    """Return the first rows of a sweep, but for its last, of a Jacobian; none of other results.

    Nor of what diverged, which has amplified rounding at once.
    """
    rows = _swept(result)
    end = max((row["step"] for row in rows), default=0)
    early = [row for row in rows if row["step"] <= EARLY and row["step"] < end]
    return [row for row in early if not row.get("diverged")]


def _swept(result: Any) -> list[Row]:
    """Return the rows of a sweep, none of other results."""
    rows = result if isinstance(result, list) else []
    swept = all(isinstance(row, dict) and row.keys() >= _LANE for row in rows)
    return rows if swept else []


def _unlike(theirs: list[Row], ours: list[Row], tolerance: float) -> str:
    """Say in what rows differ by more than rounding; nothing if they do not."""
    if len(theirs) != len(ours):
        return f"{len(ours)} rows for {len(theirs)}"
    for number, (its, mine) in enumerate(zip(theirs, ours, strict=True)):
        for column in its | mine:
            value, other = its.get(column), mine.get(column)
            if not _close(value, other, tolerance):
                return f"{value!r} for {other!r} in row {number}, {column}"
    return ""


def _close(one: Any, other: Any, tolerance: float) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return bool(np.isclose(one, other, rtol=tolerance, atol=0, equal_nan=True))
    return one == other
