"""What the fall of the error is worth on new inputs, and what is left there of the rules' lead."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures.style import RULE_STYLES, WIDTH, counted, grey, legend, lines, logarithmic, themed

_COMPARED = {
    "at_equal_rates": ("equal rates", "o"),
    "at_equal_first_updates": ("equal first updates", "D"),
    "at_own_best_rates": ("each rule's best rate", "|"),
}
_OPEN: dict[str, Any] = {"marker": "o", "fillstyle": "none"}
_PER_DIMENSION = "training inputs per dimension"
_SIZES = (3.2, 4.7, 6.3, 8.4)  # of marks, of the widths that there are


@themed
def figure_newdata(table: pd.DataFrame, ratios: pd.DataFrame, learned: pd.DataFrame) -> Figure:
    """Draw both falls by the amount of inputs, the rules' ratio on new ones, and what is learned.

    Args:
        table: columns ``width``, ``batch_size``, ``data``, ``inputs`` (that a run trains on),
            ``rule``, ``learning_rate``, ``runs``, ``diverged``, ``trained_fell``, ``new_fell``
            (error at the start over error at the end) and ``share`` (of the first fall's logarithm
            that is in the second).
        ratios: columns ``case``, ``how`` (a comparison), ``log10_ratio``, ``low`` and ``high``,
            modified / ordinary; not numbers where a run diverged.
        learned: columns ``case``, ``rule`` and ``relative_error`` on new inputs; NaN if none.
    """
    figure = Figure(figsize=(WIDTH, 2.7), layout="constrained")
    falls, lead, became = figure.subplots(1, 3)
    _draw_falls(falls, amounts(table))
    cases = {case: n for n, case in enumerate(ratios.case.unique())}
    _draw_ratios(lead, ratios, cases)
    _draw_learned(became, learned, cases)
    became.sharey(lead)
    names = [case.replace("_16_fresh", "").replace("_", ", ") for case in cases]
    lead.set_yticks(range(len(cases)), names)
    lead.set_ylim(len(cases) - 0.5, -0.5)
    became.tick_params(labelleft=False)
    runs = counted(int(table.runs.min()), "run")
    figure.suptitle(f"On inputs that nothing was trained on (medians of at least {runs})")
    more: dict[str, Any] = {"trained inputs": {"marker": "o"}, "new inputs": _OPEN}
    more |= {label: {"marker": marker} for label, marker in _COMPARED.values()}
    legend(figure, RULE_STYLES, more, columns=4)
    return figure


def amounts(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose training inputs are few enough to count, with those ``each``."""
    kept = table[(table.data != "fresh") & (table.diverged == 0)]
    return kept.assign(each=kept.inputs / kept.width).sort_values("each")


def draw_share(axes: Axes, table: pd.DataFrame, theirs: Mapping[str, float]) -> None:
    """Draw the part of the fall that new inputs show, and where published networks stand."""
    rows = amounts(table)
    sizes = dict(zip(sorted(rows.width.unique()), _SIZES, strict=False))
    for (rule, width, one), part in rows.groupby(["rule", "width", rows.inputs == rows.batch_size]):
        look: dict[str, Any] = RULE_STYLES[str(rule)] | {"linestyle": "", "alpha": 0.8}
        look |= {"markersize": sizes[width], "fillstyle": "none" if one else "full"}
        axes.plot(part.each, part.share, **look)
    for name, each in theirs.items():
        axes.axvline(each, color="0.6", linewidth=0.8, linestyle=":", zorder=0)
        place: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "fontsize": 7}
        axes.text(each, 0.98, f" {name}", ha="left", va="top", color="0.35", **place)
    logarithmic(axes, "x")
    axes.set(ylim=(-0.05, 1.12), xlabel=_PER_DIMENSION)
    axes.set(ylabel="part of the fall on new inputs", title="new inputs, equal steps")


def share_legend(table: pd.DataFrame) -> list[Artist]:
    """Return what `draw_share` draws apart from the rules."""
    widths = zip(sorted(amounts(table).width.unique()), _SIZES, strict=False)
    sizes = [grey(f"n = {n}", marker="o", markersize=size) for n, size in widths]
    return [*sizes, grey("one batch, again and again", **_OPEN)]


def _draw_falls(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw both falls of the width with most amounts, at its highest rate, by the modified rule."""
    width = rows.groupby("width").inputs.nunique().idxmax()
    chosen = rows[(rows.width == width) & (rows.rule == "modified")]
    chosen = chosen[chosen.learning_rate == chosen.learning_rate.max()]
    logarithmic(axes)
    for column, face in (("trained_fell", "full"), ("new_fell", "none")):
        options: dict[str, Any] = {"errorbar": None, "fillstyle": face, "markeredgecolor": None}
        lines(axes, chosen, "each", column, **options)
    axes.set(xlabel=_PER_DIMENSION, ylabel="error at the start / at the end")
    axes.set_title(f"n = {width}, rate {chosen.learning_rate.max():g}")


def _draw_ratios(axes: Axes, ratios: pd.DataFrame, cases: Mapping[str, int]) -> None:
    for shift, (how, (_, marker)) in zip((-0.25, 0, 0.25), _COMPARED.items(), strict=True):
        part = ratios[ratios.how == how]
        found = 10 ** part[["log10_ratio", "low", "high"]].astype(float)
        places = part.case.map(cases) + shift
        axes.hlines(places, found.low, found.high, color="black", linewidth=0.8)
        axes.plot(found.log10_ratio, places, marker, color="0.35", markersize=4)
    axes.axvline(1, color="0.5", linewidth=0.8, zorder=0)
    logarithmic(axes, "x")
    axes.set_xlabel("error, modified / ordinary")


def _draw_learned(axes: Axes, learned: pd.DataFrame, cases: Mapping[str, int]) -> None:
    for rule, part in learned.groupby("rule"):
        places = part.case.map(cases) + (-0.12 if rule == "modified" else 0.12)
        mark: dict[str, Any] = RULE_STYLES[str(rule)] | {"linestyle": "", "markersize": 4.5}
        axes.plot(part.relative_error, places, **mark)
    axes.set(xlim=(0, None), xlabel="relative error at the best rate")
