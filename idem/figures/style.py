"""How all figures look: one theme, a colour a rule or family of models, marks for grey print.

A colour means one thing in all figures: blue is the modified rule, orange the ordinary one, green
IGN; their variants are shades of these, and what is none of them is grey. Whatever a colour tells
apart, a marker or a dash does too.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec

import numpy as np
import pandas as pd
import seaborn
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogFormatter

WIDTH = 6.75  # inches: of a page with two columns, on which the smallest text is 7 pt
THEME: dict[Any, Any] = {
    **seaborn.axes_style("ticks"),
    **seaborn.plotting_context("paper", font_scale=0.82),
    "font.family": ["DejaVu Sans"],
    "axes.grid": True,
    "figure.titlesize": "medium",
    "grid.color": "0.92",
    "grid.linewidth": 0.5,
    "axes.linewidth": 0.6,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    **{f"{axis}tick.{level}.width": 0.6 for axis in "xy" for level in ("major", "minor")},
    "xtick.minor.pad": 5.1,  # level with the labels of major ticks, which are longer
}
BLUE, ORANGE, GREEN = (seaborn.color_palette("colorblind").as_hex()[place] for place in (0, 1, 2))
SMALLEST_SHOWN = 1e-12
BEFORE: dict[str, Any] = {"color": "0.5", "linewidth": 0.8, "linestyle": "--"}  # training
MODES = {"train": "BatchNorm in training mode", "eval": "BatchNorm in eval mode"}

_DASHED, _DOTTED, _MIXED = (4, 1.6), (1, 1.2), (4, 1.4, 1, 1.4)
_LOOKS: dict[str, tuple[str, Any, str, Any]] = {  # words, colour, marker, dashes; as they are shown
    "modified": ("Our training, modified rule", BLUE, "o", ""),
    "modified_plain": ("Modified, as in the paper", "#7db8da", "X", _DOTTED),
    "ordinary": ("Our training, ordinary rule", ORANGE, "s", _DASHED),
    "ign": ("IGN", GREEN, "^", _MIXED),
    "ign_ours": ("IGN with our code and noise", "#00563f", "<", _DASHED),
    "ign_lighter": ("IGN, lighter weights", "#4db08a", "8", _DOTTED),
    "modified_tight_published": ("Modified, as on the poster", "#a6cee3", "p", _MIXED),
    "modified_tight": ("Our training with tightness", "#4a90c2", "*", _DASHED),
    "ign_published": ("IGN, published tightness", "#7fcbae", "v", _DOTTED),
    "autoencoder": ("Autoencoder", "0.45", "D", _DOTTED),
    "denoiser": ("Our training, no rule", "0.65", "P", _DASHED),
    "dcgan": ("DCGAN", "0.25", "h", _MIXED),
    "untrained": ("Untrained", "0.8", ">", ""),
}
_NO_MODELS = ("ign_lighter", "untrained")  # of a pipeline: they are drawn beside models
MODEL_NAMES = {name: words for name, (words, *_) in _LOOKS.items() if name not in _NO_MODELS}
_OTHERS: list[tuple[Any, str, Any]] = [("0.3", "*", ""), ("0.55", "p", _DASHED), ("0.7", "d", "")]
Draw = ParamSpec("Draw")
Styles = Mapping[str, dict[str, Any]]  # keywords of a line of matplotlib, by name


def themed(draw: Callable[Draw, Figure]) -> Callable[Draw, Figure]:
    """Let a function draw in the theme, to the last tick, and leave matplotlib as it was."""

    @wraps(draw)
    def in_theme(*args: Draw.args, **options: Draw.kwargs) -> Figure:
        with rc_context(THEME):
            figure = draw(*args, **options)
            figure.draw_without_rendering()  # ticks are made, and sized, when they are first needed
        return figure

    return in_theme


def in_order(models: Iterable[str]) -> list[str]:
    """Return the models that there are, those of `MODEL_NAMES` first."""
    found = set(models)
    return [name for name in MODEL_NAMES if name in found] + sorted(found - set(MODEL_NAMES))


def first(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return the rows of the first models, as many as there is room for panels or lines."""
    return table[table["model"].isin(in_order(table["model"])[:count])]


def looks(models: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return how the models, or rules, that there are look, in the order of all figures.

    Returns:
        The keywords of a line of matplotlib. Of more models than there are styles, some share one.
    """
    names = in_order(models)
    others = iter(_OTHERS * len(names))
    styles = {name: _LOOKS[name][1:] if name in _LOOKS else next(others) for name in names}
    return {
        name: {"color": color, "marker": marker, "linestyle": (0, dashes) if dashes else "-"}
        for name, (color, marker, dashes) in styles.items()
    }


RULE_STYLES = looks(("modified", "ordinary"))
RULE_NAMES = {rule: f"{rule.capitalize()} rule" for rule in RULE_STYLES}


def by_model(data: pd.DataFrame, column: str) -> dict[str, Any]:
    """Return the keywords with which seaborn gives every model or rule of a column its look."""
    styles = looks(data[column])
    dashes = {name: style["linestyle"] for name, style in styles.items()}
    return {
        **{"hue": column, "style": column, "hue_order": [*styles], "style_order": [*styles]},
        "palette": {name: style["color"] for name, style in styles.items()},
        "markers": {name: style["marker"] for name, style in styles.items()},
        "dashes": {name: "" if dash == "-" else dash[1] for name, dash in dashes.items()},
        "legend": False,
    }


def lines(axes: Axes, data: pd.DataFrame, x: str, y: str, by: str = "rule", **more: Any) -> None:
    """Draw medians over runs, with a band from the lowest run to the highest.

    Args:
        axes: into which, its labels and scales as they shall be: on a logarithmic one the median
            of an even number of runs is that of their logarithms.
        data: a row a run and place.
        x: the column of the place.
        y: the column of the value.
        by: the column of the rule or model.
        more: for `seaborn.lineplot`, in place of these.
    """
    options: dict[str, Any] = {"estimator": "median", "errorbar": ("pi", 100)}
    options |= {"err_kws": {"linewidth": 0}, "markeredgecolor": "white", "markeredgewidth": 0.4}
    options |= by_model(data, by) | more
    _labelled(seaborn.lineplot, axes, data, x, y, options)


def dots(axes: Axes, data: pd.DataFrame, x: str, y: str, by: str = "rule", **more: Any) -> None:
    """Draw a mark for every row, in the look of its rule or model."""
    options = by_model(data, by) | {"s": 10, "linewidth": 0} | more
    options.pop("dashes")
    _labelled(seaborn.scatterplot, axes, data, x, y, options)


def _labelled(draw: Any, axes: Axes, data: Any, x: str, y: str, options: dict[str, Any]) -> None:
    """Draw by seaborn, whose columns' names would become labels."""
    labels = {"xlabel": axes.get_xlabel(), "ylabel": axes.get_ylabel()}
    draw(data, x=x, y=y, ax=axes, **options)
    axes.set(**labels)  # pyright: ignore


def legend(
    figure: Figure, models: Iterable[str], more: Styles | None = None, columns: int = 5
) -> None:
    """Explain the looks of models, and what any of them may have, below the panels."""
    _explain(
        figure, {model_name(name): look for name, look in looks(models).items()}, more, columns
    )


def rules_legend(figure: Figure, more: Styles | None = None, columns: int = 5) -> None:
    """Explain the looks of both rules, and what any of them may have, below the panels."""
    named = {RULE_NAMES[rule]: look for rule, look in RULE_STYLES.items()}
    _explain(figure, named, more, columns)


def _explain(figure: Figure, named: Styles, more: Styles | None, columns: int) -> None:
    handles = [Line2D([], [], label=words, **look) for words, look in named.items()]
    handles += [grey(words, **look) for words, look in (more or {}).items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def grey(label: str, **style: Any) -> Line2D:
    """Return the entry of a legend for what any rule or model may have."""
    look: dict[str, Any] = {"color": "0.35", "linestyle": ""} | style
    return Line2D([], [], label=label, **look)


def model_name(model: str) -> str:
    """Return what a model is called in figures."""
    return MODEL_NAMES.get(model, model.replace("_", " ").capitalize())


def counted(count: int, unit: str) -> str:
    """Return "1 run" or "2 runs"."""
    return f"{count} {unit}{'s' * (count != 1)}"


def spaced(places: Sequence[float], least: float) -> list[int]:
    """Return the indices of the places, from the first on, that are so far from all before them.

    Example:
        >>> spaced([0.0, 0.05, 0.2], 0.1)
        [0, 2]
    """
    kept: list[int] = []
    for index, place in enumerate(places):
        if all(abs(place - places[other]) >= least for other in kept):
            kept.append(index)
    return kept


def far_apart(places: Iterable[float], times: float) -> list[float]:
    """Return the largest place, and before it those that the next one taken is so far beyond.

    Args:
        places: on a logarithmic axis.
        times: that a place taken is larger than the one before it, at least.
    """
    taken: list[float] = []
    for place in sorted(set(places), reverse=True):
        if not taken or times * place <= taken[-1]:
            taken.append(place)
    return taken


def logarithmic(axes: Axes, which: str = "xy") -> None:
    """Make axes logarithmic, with their numbers as 20, not as 2 × 10¹, where that is short."""
    for name in which:
        getattr(axes, f"set_{name}scale")("log")
        plain(axes, name)


def plain(axes: Axes, which: str) -> None:
    """Write the numbers of an axis as 20, not as 2 × 10¹, where that is short."""
    axis = getattr(axes, f"{which}axis")
    axis.set_major_formatter(_Plain())
    axis.set_minor_formatter(_Plain())


class _Plain(LogFormatter):
    """Label where `LogFormatter` would, in plain numbers, or powers of ten if they were long."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        if not super().__call__(x, pos):
            return ""
        low, high = self.axis.get_view_interval()  # pyright: ignore
        if x == 0 or (not 0 < low < 1e-4 and high < 1e5):
            return f"{x:g}"
        power = math.floor(math.log10(abs(x)) + 1e-9)
        times = f"{x / 10**power:g}"
        return f"${'' if times == '1' else times + '⋅'}10^{{{power}}}$"


def with_lost(axes: Axes, values: pd.Series) -> pd.Series:
    """Give what is infinite a place of its own above all numbers of a logarithmic axis.

    So a run that diverged is seen, and counts in a median as what it is: worse than all others.

    Returns:
        The values, zeros lifted to `SMALLEST_SHOWN`, and those that are infinite at that place.
    """
    logarithmic(axes, "y")
    finite = lifted(values[np.isfinite(values)])
    if np.isinf(values).any():
        low, high = (finite.min(), finite.max()) if len(finite) else (0.1, 1.0)
        place = high * max(3.0, (high / low) ** 0.15)
        axes.axhline(place, color="0.7", linewidth=0.8, linestyle=":", zorder=0)
        where: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "bottom"}
        where["bbox"] = {"facecolor": "white", "linewidth": 0, "pad": 0.5}  # over lines at zorder 1
        axes.text(0.01, place, "diverged", fontsize=7, color="0.35", zorder=1.5, **where)
        axes.margins(y=0.1)  # for the word above
        values = values.where(np.isfinite(values) | values.isna(), place)
    return lifted(values)


def lifted(values: pd.Series) -> pd.Series:
    """Lift exact zeros to the bottom of a logarithmic axis."""
    return values.clip(lower=SMALLEST_SHOWN)
