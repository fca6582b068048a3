"""What the fall of the error is worth on new inputs, and what is left there of the rules' lead."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import seaborn
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures.style import RULE_STYLES, WIDTH, counted, grey, legend, plain, themed

_COMPARED = {
    "at_equal_rates": ("equal rates", "o"),
    "at_equal_first_updates": ("equal first updates", "D"),
    "at_own_best_rates": ("each rule's best rate", "|"),
}
_PER_DIMENSION = "training inputs per dimension"
_WIDTHS = (10, 22, 40, 70)  # areas of marks, of the widths that there are


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
    _draw_ratios(lead, ratios)
    _draw_learned(became, learned)
    runs = counted(int(table.runs.min()), "run")
    figure.suptitle(f"On inputs that nothing was trained on (medians of at least {runs})")
    how = [grey(label, marker=marker) for label, marker in _COMPARED.values()]
    legend(figure, RULE_STYLES, *how)
    return figure


def amounts(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose training inputs are few enough to count, with those ``each``."""
    kept = table[(table.data != "fresh") & (table.diverged == 0)]
    return kept.assign(each=kept.inputs / kept.width).sort_values("each")


def draw_share(axes: Axes, table: pd.DataFrame, theirs: Mapping[str, float]) -> None:
    """Draw the part of the fall that new inputs show, and where published networks stand."""
    rows = amounts(table)
    areas = dict(zip(sorted(rows.width.unique()), _WIDTHS, strict=False))
    for (rule, width, one), part in rows.groupby(["rule", "width", rows.inputs == rows.batch_size]):
        style = RULE_STYLES[str(rule)]
        face = "none" if one else style["color"]
        look: dict[str, Any] = {
            "marker": style["marker"],
            "edgecolors": style["color"],
            "facecolors": face,
        }
        axes.scatter(part.each, part.share, s=areas[width], linewidths=0.8, alpha=0.8, **look)
    for name, each in theirs.items():
        axes.axvline(each, color="0.6", linewidth=0.8, linestyle=":", zorder=0)
        place: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "fontsize": 7}
        axes.text(each, 0.98, f" {name}", ha="left", va="top", color="0.35", **place)
    axes.set(xscale="log", ylim=(-0.05, 1.12), xlabel=_PER_DIMENSION)
    axes.set(ylabel="part of the fall on new inputs", title="new inputs, equal steps")
    plain(axes.xaxis)


def share_legend(table: pd.DataFrame) -> list[Artist]:
    """Return what `draw_share` draws apart from the rules."""
    widths = zip(sorted(amounts(table).width.unique()), _WIDTHS, strict=False)
    sizes = [grey(f"n = {n}", marker="o", markersize=area**0.5) for n, area in widths]
    return [*sizes, grey("one batch, again and again", marker="o", markerfacecolor="white")]


def _draw_falls(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw both falls of the width with most amounts, at its highest rate, by the modified rule."""
    width = rows.groupby("width").inputs.nunique().idxmax()
    chosen = rows[(rows.width == width) & (rows.rule == "modified")]
    chosen = chosen[chosen.learning_rate == chosen.learning_rate.max()]
    style = {key: RULE_STYLES["modified"][key] for key in ("color", "marker")}
    for column, face, label in (
        ("trained_fell", style["color"], "trained inputs"),
        ("new_fell", "white", "new inputs"),
    ):
        options: dict[str, Any] = {"estimator": "median", "errorbar": None, "label": label}
        options |= {"markerfacecolor": face, "markeredgecolor": style["color"], **style}
        seaborn.lineplot(chosen, x="each", y=column, ax=axes, **options)
    axes.set(xscale="log", yscale="log", xlabel=_PER_DIMENSION)
    axes.set_ylabel("error at the start / at the end")
    axes.set_title(f"n = {width}, rate {chosen.learning_rate.max():g}")
    plain(axes.xaxis)
    plain(axes.yaxis)
    axes.legend(fontsize=7)


def _draw_ratios(axes: Axes, ratios: pd.DataFrame) -> None:
    cases = list(ratios.case.unique())
    for shift, (how, (_, marker)) in zip((-0.25, 0, 0.25), _COMPARED.items(), strict=True):
        part = ratios[ratios.how == how].set_index("case").reindex(cases)
        part = part[["log10_ratio", "low", "high"]].astype(float)
        places = np.arange(len(cases)) + shift
        axes.hlines(places, 10**part.low, 10**part.high, color="black", linewidth=0.8)
        axes.plot(10**part.log10_ratio, places, marker, color="0.35", markersize=4)
    axes.axvline(1, color="0.5", linewidth=0.8, zorder=0)
    axes.set(xscale="log", xlabel="error, modified / ordinary")
    _name_cases(axes, cases)
    plain(axes.xaxis)


def _draw_learned(axes: Axes, learned: pd.DataFrame) -> None:
    cases = list(learned.case.unique())
    for rule, style in RULE_STYLES.items():
        part = learned[learned.rule == rule].set_index("case").relative_error.reindex(cases)
        axes.plot(part, range(len(cases)), **style | {"linestyle": "", "markersize": 4.5})
    axes.set(xlim=(0, None), xlabel="relative error at the best rate")
    _name_cases(axes, cases)


def _name_cases(axes: Axes, cases: list[str]) -> None:
    names = [case.replace("_16_fresh", "").replace("_", ", ") for case in cases]
    axes.set_yticks(range(len(cases)), names)
    axes.set_ylim(len(cases) - 0.5, -0.5)
