"""What the fall of the error is worth on new inputs, and what is left there of the rules' lead."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures.style import (
    RULE_STYLES,
    WIDTH,
    counted,
    grey,
    logarithmic,
    rules_legend,
    themed,
)

_COMPARED = {
    "at_equal_rates": ("equal rates", "o"),
    "at_equal_first_updates": ("equal first updates", "D"),
    "at_own_best_rates": ("each rule's best rate", "|"),
}
_OPEN: dict[str, Any] = {"marker": "o", "fillstyle": "none"}
_PER_DIMENSION = "training inputs per dimension"
_ASIDE = {"modified": 0.93, "ordinary": 1.07}  # times the place, so that no mark covers another
_SIZES = (3.0, 4.2, 5.4, 6.8, 8.4)  # of marks, of the widths that there are


@themed
def figure_newdata(
    table: pd.DataFrame,
    ratios: pd.DataFrame,
    learned: pd.DataFrame,
    theirs: Mapping[str, float] | None = None,
) -> Figure:
    """Draw, by case, the rules' ratio of errors on new inputs and what either rule learned there.

    Below, if asked for, what part of the fall in training new inputs show, as of `draw_share`.

    Args:
        table: as of `draw_share`, for that alone.
        ratios: columns ``case``, ``how`` (a comparison), ``runs``, ``steps``, ``log10_ratio``,
            ``low`` and ``high``, modified / ordinary; not numbers where a run diverged.
        learned: columns ``case``, ``rule`` and ``relative_error`` on new inputs; NaN if none.
        theirs: of `draw_share`; without it that is not drawn.
    """
    heights = [1.0 + 0.3 * ratios.case.nunique()]
    if theirs is not None:
        heights.append(2.4)
    figure = Figure(figsize=(WIDTH, 0.5 + sum(heights)), layout="constrained")
    above, *below = figure.subfigures(len(heights), height_ratios=heights, squeeze=False).flat
    lead, became = above.subplots(1, 2, sharey=True)
    for half in below:
        left, right = half.subplots(1, 2, width_ratios=[3, 1])
        draw_share(left, table, theirs or {})
        right.set_axis_off()
        right.legend(handles=share_legend(table), loc="center left", fontsize=7)
    cases = {case: n for n, case in enumerate(ratios.case.unique())}
    _draw_ratios(lead, ratios, cases)
    _draw_learned(became, learned, cases)
    lead.set_yticks(range(len(cases)), _names(ratios))
    lead.set_ylim(len(cases) - 0.5, -0.5)
    figure.suptitle("On inputs that nothing was trained on")
    more = {label: {"marker": marker} for label, marker in _COMPARED.values()}
    rules_legend(figure, more)
    return figure


def amounts(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose training inputs are few enough to count, with those ``each``."""
    kept = table[(table.data != "fresh") & (table.diverged == 0)]
    return kept.assign(each=kept.inputs / kept.width).sort_values("each")


def draw_share(axes: Axes, table: pd.DataFrame, theirs: Mapping[str, float]) -> None:
    """Draw the part of the fall that new inputs show, and where published networks stand.

    Parts are medians over runs.

    Args:
        axes: into which.
        table: columns ``width``, ``batch_size``, ``data``, ``inputs`` (that a run trains on),
            ``rule``, ``learning_rate``, ``runs``, ``diverged`` and ``share`` (of the logarithm of
            the fall on trained inputs that is in the one on new inputs).
        theirs: inputs a dimension of the published networks.
    """
    rows = amounts(table)
    sizes = dict(zip(sorted(rows.width.unique()), _SIZES, strict=False))
    for (rule, width, one), part in rows.groupby(["rule", "width", rows.inputs == rows.batch_size]):
        look: dict[str, Any] = RULE_STYLES[str(rule)] | {"linestyle": "", "alpha": 0.8}
        look |= {"markersize": sizes[width], "fillstyle": _OPEN["fillstyle"] if one else "full"}
        axes.plot(_ASIDE[str(rule)] * part.each, part.share, **look)
    for name, each in theirs.items():
        axes.axvline(each, color="0.6", linewidth=0.8, linestyle=":", zorder=0)
        place: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "fontsize": 7}
        axes.text(each, 0.98, f" ratio of {name}", ha="left", va="top", color="0.35", **place)
    logarithmic(axes, "x")
    axes.set(ylim=(-0.05, 1.12), xlabel=_PER_DIMENSION)
    axes.set(ylabel="fall of log error, new / trained", title="new inputs, equal steps")


def share_legend(table: pd.DataFrame) -> list[Artist]:
    """Return what `draw_share` draws apart from the rules."""
    widths = zip(sorted(amounts(table).width.unique()), _SIZES, strict=False)
    sizes = [grey(f"n = {n}", marker="o", markersize=size) for n, size in widths]
    return [*sizes, grey("one batch, again and again", **_OPEN)]


def _names(ratios: pd.DataFrame) -> list[str]:
    """Return what each case is called, with its runs, and its steps where others make more."""
    found = []
    for case, of in ratios.groupby("case", sort=False):
        words = str(case).replace("_", ", ")
        words = words.replace("adam", "Adam").replace("kaiming", "Kaiming")
        words = words.replace("long", "all steps")
        rests = counted(int(of.runs.iloc[0]), "run")
        steps = int(of.steps.iloc[0])
        rests += f", {steps} steps" if steps < ratios.steps.max() else ""
        found.append(f"{words} ({rests})")
    return found


def _draw_ratios(axes: Axes, ratios: pd.DataFrame, cases: Mapping[str, int]) -> None:
    for shift, (how, (_, marker)) in zip((-0.25, 0, 0.25), _COMPARED.items(), strict=True):
        part = ratios[ratios.how == how]
        found = 10 ** part[["log10_ratio", "low", "high"]].astype(float)
        places = part.case.map(cases) + shift
        for place in places[found.log10_ratio.isna()] if how == "at_own_best_rates" else ():
            where: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "fontsize": 7}
            words = "not measurable: modified diverged"
            axes.text(0.01, place - 0.25, words, va="center", color="0.35", **where)
        axes.hlines(places, found.low, found.high, color="black", linewidth=0.8)
        axes.plot(found.log10_ratio, places, marker, color="0.35", markersize=4)
    axes.axvline(1, color="0.5", linewidth=0.8, zorder=0)
    logarithmic(axes, "x")
    axes.set_xlabel("error, modified / ordinary (95 % interval)")


def _draw_learned(axes: Axes, learned: pd.DataFrame, cases: Mapping[str, int]) -> None:
    for rule, part in learned.groupby("rule"):
        places = part.case.map(cases) + (-0.12 if rule == "modified" else 0.12)
        mark: dict[str, Any] = RULE_STYLES[str(rule)] | {"linestyle": "", "markersize": 4.5}
        axes.plot(part.relative_error, places, **mark)
    axes.set(xlim=(-0.05, None), xlabel="relative error at the best rate (median)")
