"""What a published learning rate may stand for: the factor from its label to our matched scale."""

from collections.abc import Mapping

READINGS: Mapping[str, str] = {
    "batch": "mean over the batch of ½ ‖f(y) − y‖², or of y − y′: our matched scale",
    "batch, no half": "mean over the batch of ‖f(y) − y‖²",
    "elements": "mean over all elements of (f(y) − y)², as torch.nn.MSELoss",
    "elements, half": "mean over all elements of ½ (f(y) − y)²",
}


def factor(reading: str, width: int) -> float:
    """Return the matched rate that a label of 1 stands for.

    Args:
        reading: a name from `READINGS`.
        width: n, the outputs of the network: a mean over elements divides by it too.

    Raises:
        ValueError: for an unknown reading, with the list.
    """
    factors = {
        "batch": 1.0,
        "batch, no half": 2.0,
        "elements": 2.0 / width,
        "elements, half": 1.0 / width,
    }
    if reading not in factors:
        raise ValueError(f"reading: expected one of {'; '.join(READINGS)}, got {reading!r}")
    return factors[reading]
