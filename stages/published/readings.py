"""What a published learning rate may stand for: the factor from its label to our matched scale."""

from collections.abc import Mapping

from idem.rule.loss import scale_factor

READINGS: Mapping[str, str] = {
    "batch": "mean over the batch of ½ ‖f(y) − y‖², or of y − y′: our matched scale",
    "batch, no half": "mean over the batch of ‖f(y) − y‖²",
    "elements": "mean over all elements of (f(y) − y)², as torch.nn.MSELoss",
    "elements, half": "mean over all elements of ½ (f(y) − y)²",
}
_SCALES = {  # of `idempotency_loss`, and what of it
    "batch": ("matched", 1.0),
    "batch, no half": ("sum", 1.0),
    "elements": ("mean", 1.0),
    "elements, half": ("mean", 0.5),
}


def factor(reading: str, width: int) -> float:
    """Return the matched rate that a label of 1 stands for.

    Args:
        reading: a name from `READINGS`.
        width: n, the outputs of the network: a mean over elements divides by it too.

    Raises:
        ValueError: for an unknown reading, with the list.
    """
    if reading not in _SCALES:
        raise ValueError(f"reading: expected one of {'; '.join(READINGS)}, got {reading!r}")
    scale, part = _SCALES[reading]
    return part * scale_factor(scale, width)
