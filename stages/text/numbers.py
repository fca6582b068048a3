"""Numbers as they are written in a text."""

import math


def power(log10: float) -> str:
    """Return a rounding error, given as its log10, as a power of ten, rounded up."""
    return f"$10^{{{math.ceil(log10)}}}$" if log10 < -3 else f"{10**log10:.2g}"


def size(value: float) -> str:
    """Return a number that is 0 or more: three digits, or the power of ten of a small one."""
    return power(math.log10(value)) if 0 < value < 1e-3 else f"{value:.3g}"


def digits(value: float, count: int = 3) -> str:
    """Return a number with so many significant digits."""
    return f"{value:.{count}g}"


def plain(value: float, count: int = 3) -> str:
    """Return a number with so many significant digits, a large one whole, not as a power of ten."""
    return f"{value:.0f}" if abs(value) >= 10**count - 0.5 else digits(value, count)
