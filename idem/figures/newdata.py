"""What the fall of the error is worth on new inputs, and what is left there of the rules' lead."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from idem.figures.style import RULE_NAMES, RULE_STYLES, counted, plain

_COMPARED = {
    "at_equal_rates": ("equal rates", "o"),
    "at_equal_first_updates": ("equal first updates", "s"),
    "at_own_best_rates": ("each rule's best rate", "D"),
}


def figure_newdata(
    table: pd.DataFrame, ratios: pd.DataFrame, learned: pd.DataFrame, theirs: Mapping[str, float]
) -> Figure:
    """Draw what part of the fall new inputs show, the falls, the rules' ratio, and what is learned.

    Args:
        table: columns ``width``, ``batch_size``, ``data``, ``inputs`` (that a run trains on),
            ``rule``, ``learning_rate``, ``runs``, ``diverged``, ``trained_fell``, ``new_fell``
            (error at the start over error at the end) and ``share`` (of the first fall's logarithm
            that is in the second).
        ratios: columns ``case``, ``how`` (a comparison), ``log10_ratio``, ``low`` and ``high``,
            modified / ordinary; not numbers where a run diverged.
        learned: columns ``case``, ``rule`` and ``relative_error`` on new inputs; NaN if none.
        theirs: how many inputs a dimension the paper's networks train on, if on one batch.
    """
    figure = Figure(figsize=(11.5, 7.6), layout="constrained")
    (share, falls), (lead, became) = figure.subplots(2, 2)
    amounts = table[(table.data != "fresh") & (table.diverged == 0)]
    amounts = amounts.assign(each=amounts.inputs / amounts.width).sort_values("each")
    _draw_share(share, amounts, theirs)
    _draw_falls(falls, amounts)
    _draw_ratios(lead, ratios)
    _draw_learned(became, learned)
    runs = counted(int(table.runs.min()), "run")
    figure.suptitle(f"On inputs that nothing was trained on (medians of at least {runs})")
    return figure


def _draw_share(axis: Axes, amounts: pd.DataFrame, theirs: Mapping[str, float]) -> None:
    widths = sorted(amounts.width.unique())
    colors = dict(zip(widths, colormaps["viridis"]([0.1, 0.4, 0.65, 0.85, 0.95]), strict=False))
    for (width, rule), part in amounts.groupby(["width", "rule"]):
        one = part.inputs == part.batch_size
        style = {
            "color": colors[width],
            "linestyle": "",
            "marker": RULE_STYLES[str(rule)]["marker"],
        }
        axis.plot(part.each[one], part.share[one], markerfacecolor="white", **style)
        axis.plot(part.each[~one], part.share[~one], **style)
    for name, each in theirs.items():
        axis.axvline(each, color="0.8", linewidth=1, zorder=0)
        place: dict[str, Any] = {"transform": axis.get_xaxis_transform(), "fontsize": "small"}
        axis.text(each, 1.01, name, ha="center", va="bottom", color="0.4", **place)
    for height in (0, 1):
        axis.axhline(height, color="0.6", linewidth=1, zorder=0)
    axis.set(xscale="log", xlabel="distinct training inputs per dimension")
    axis.set_ylabel("fall on new inputs / in training (logs)")
    plain(axis.xaxis)
    grey: dict[str, Any] = {"color": "0.35", "linestyle": ""}
    handles = [
        Line2D([], [], color=c, marker="o", linestyle="", label=f"n = {w}")
        for w, c in colors.items()
    ]
    handles += [
        Line2D([], [], marker=RULE_STYLES[rule]["marker"], label=RULE_NAMES[rule], **grey)
        for rule in RULE_STYLES
    ]
    handles.append(Line2D([], [], marker="o", markerfacecolor="white", label="one batch", **grey))
    axis.legend(handles=handles, frameon=False, fontsize="small", loc="lower right")


def _draw_falls(axis: Axes, amounts: pd.DataFrame) -> None:
    """Draw both falls of the width with most amounts, at its highest rate, by the modified rule."""
    width = amounts.groupby("width").inputs.nunique().idxmax()
    chosen = amounts[(amounts.width == width) & (amounts.rule == "modified")]
    chosen = chosen[chosen.learning_rate == chosen.learning_rate.max()]
    by = chosen.groupby("each")[["trained_fell", "new_fell"]].median()
    style: dict[str, Any] = {"color": "black", "marker": "o"}
    axis.plot(by.index, by.trained_fell, label="batch of the step", **style)
    axis.plot(by.index, by.new_fell, label="new inputs", markerfacecolor="white", **style)
    axis.set(xscale="log", yscale="log", xlabel="distinct training inputs per dimension")
    axis.set_ylabel("error at the start / at the end")
    axis.set_title(f"n = {width}, modified, rate {chosen.learning_rate.max():g}")
    plain(axis.xaxis)
    plain(axis.yaxis)
    axis.legend(frameon=False)


def _draw_ratios(axis: Axes, ratios: pd.DataFrame) -> None:
    cases = list(ratios.case.unique())
    for shift, (how, (label, marker)) in zip((-0.2, 0, 0.2), _COMPARED.items(), strict=True):
        part = ratios[ratios.how == how].set_index("case").reindex(cases)
        part = part[["log10_ratio", "low", "high"]].astype(float)
        places = [number + shift for number in range(len(cases))]
        axis.hlines(places, 10**part.low, 10**part.high, color="black", linewidth=1)
        axis.plot(10**part.log10_ratio, places, marker, color="black", markersize=5, label=label)
    axis.axvline(1, color="0.6", linewidth=1, zorder=0)
    axis.set(xscale="log", xlabel="error on new inputs, modified / ordinary")
    axis.set_yticks(range(len(cases)), [case.replace("_", ", ") for case in cases])
    axis.invert_yaxis()
    plain(axis.xaxis)
    axis.legend(frameon=False, fontsize="small")


def _draw_learned(axis: Axes, learned: pd.DataFrame) -> None:
    cases = list(learned.case.unique())
    for rule, of_rule in learned.groupby("rule"):
        part = of_rule.set_index("case").relative_error.reindex(cases)
        style = RULE_STYLES[str(rule)] | {"linestyle": "", "markersize": 6}
        axis.plot(part, range(len(cases)), label=RULE_NAMES[str(rule)], **style)
    axis.set(xlim=(0, None), xlabel="relative error on new inputs, at the best rate")
    axis.set_yticks(range(len(cases)), [case.replace("_", ", ") for case in cases])
    axis.invert_yaxis()
    axis.legend(frameon=False, fontsize="small")
