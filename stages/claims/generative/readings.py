"""Verdicts under every reading that the paper leaves open: of weights, errors, BatchNorm's mode."""

from collections import Counter
from collections.abc import Mapping, Sequence

from stages.claims.verdict import CONVENTION, LONGEST, NOT, OPEN, REPRODUCED

MODES = {"train": "training mode", "eval": "eval mode"}  # of BatchNorm
WEIGHTS = {"raw": "raw", "ema": "EMA", "best": "best"}
NAMES = WEIGHTS | {"relative": "relative error", "absolute": "absolute error"}
Outcomes = Mapping[str, Mapping[str, str]]  # by mode and weights
_ROOM = LONGEST - len(" (10 seeds)")  # of a verdict in short


def in_words(outcomes: Outcomes) -> str:
    """Return the verdict on all readings, and which is which where they disagree."""
    by_mode = {mode: _by_weights(of_mode) for mode, of_mode in outcomes.items()}
    if len(set(by_mode.values())) == 1:
        return next(iter(by_mode.values()))
    listed = "; ".join(f"{MODES[mode]} {words}" for mode, words in by_mode.items())
    return f"{CONVENTION}: {listed}" if _contradictory(outcomes) else listed


def in_short(outcomes: Outcomes) -> list[str]:
    """Return the verdict on all readings in fewer words, from the longer to the shorter."""
    if _contradictory(outcomes):
        return [CONVENTION]
    words = {mode: dict.fromkeys(of_mode.values()) for mode, of_mode in outcomes.items()}
    if any(len(of_mode) > 1 for of_mode in words.values()):
        counted = _counted([word for of_mode in outcomes.values() for word in of_mode.values()])
        return [counted if len(counted) <= _ROOM else OPEN]
    by_mode = {mode: next(iter(of_mode)) for mode, of_mode in words.items()}
    if len(set(by_mode.values())) == 1:
        return [by_mode["train"]]
    return [", ".join(f"{word} ({mode})" for mode, word in by_mode.items())]


def _contradictory(outcomes: Outcomes) -> bool:
    return {REPRODUCED, NOT} <= {word for of_mode in outcomes.values() for word in of_mode.values()}


def _counted(words: Sequence[str]) -> str:
    """Return the verdict of most readings, or of the first as many, and those of the others."""
    (usual, count), *others = Counter(words).most_common()
    listed = " or ".join(other for other, _ in others)
    return f"{usual} in {count} of {len(words)} readings, else {listed}"


def _by_weights(outcomes: Mapping[str, str]) -> str:
    if len(set(outcomes.values())) == 1:
        return next(iter(outcomes.values()))
    return ", ".join(f"{word} ({NAMES[w]})" for w, word in outcomes.items())
