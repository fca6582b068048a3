"""How numbers and words of metrics files are written in the report."""

import re
from collections.abc import Mapping

from markupsafe import Markup as Safe

from stages.text.page import reader

SPACE = "\u00a0"  # within a number
POWER = re.compile(r"10\^(-?[\d.]*\d)")
THEIRS = re.compile(r"(poster, )?\bFigure (\d)")  # of the authors: ours are never named by number


def digits(value: float, count: int = 3) -> str:
    """Return a number with so many significant digits."""
    return f"{value:,.{count}g}".replace(",", SPACE)


def whole(value: float) -> str:
    """Return a whole number, in groups of three digits."""
    return f"{round(value):,}".replace(",", SPACE)


def percent(value: float) -> str:
    """Return a share as a percentage."""
    return f"{100 * value:.0f} %"


def off(deviation: float) -> str:
    """Return a factor as a deviation from 1, in percent."""
    return f"{100 * (deviation - 1):.1f} %"


def factor(log10: float, count: int = 2) -> str:
    """Return a number that is given by its decimal logarithm."""
    return f"{10**log10:.{count}g}"


def ratio(compared: Mapping[str, float]) -> str:
    """Return a ratio with its interval, given as logarithms."""
    low, high = factor(compared["low"]), factor(compared["high"])
    return f"×{factor(compared['log10_ratio'])} [{low}, {high}]"


def together(text: str) -> str:
    """Return a text in which no line ends within a number, an interval, or what equals a number."""
    text = re.sub(r"\b(\w) = (?=\d)", rf"\1{SPACE}={SPACE}", text)
    text = re.sub(r"(?<=\d) (?=\d{3}(?!\d))", SPACE, text)
    return re.sub(r"\[([-\d.e+]+), (?=[-\d.e+]+\])", rf"[\1,{SPACE}", text)


def inline(text: str) -> Safe:
    """Return a line of Markdown, powers of ten among it, as HTML; it says whose a figure is."""
    made = reader().renderInline(THEIRS.sub(_whose, text))
    return Safe(POWER.sub(lambda found: f"10<sup>{found[1].replace('-', '−')}</sup>", made))


def _whose(found: re.Match[str]) -> str:
    return f"the {'poster' if found[1] else 'paper'}’s Figure {found[2]}"


OF_NUMBERS = (digits, whole, percent, off, factor, ratio)
