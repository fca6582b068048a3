"""The figures of the paper: tables in, matplotlib figures out; nothing is computed here."""

from collections.abc import Iterable
from itertools import cycle, product
from typing import Any

import numpy as np
import pandas as pd
import seaborn
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap, to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

ORANGE = "#f28e1c"
RULE_STYLES: dict[str, dict[str, Any]] = {
    "modified": {"color": "black", "marker": "o", "linestyle": "-", "markersize": 4},
    "ordinary": {"color": ORANGE, "marker": "s", "linestyle": "--", "markersize": 4},
}
SMALLEST_SHOWN = 1e-12
RULE_NAMES = {"modified": "Modified", "ordinary": "Ordinary", "none": "Reconstruction only"}
APPLICATIONS = {1: "f(z)", 2: "f(f(z))"}
_SLOWEST = 10
_INCHES = 0.55  # per image of Figure 5


def figure_1(scalar_map: pd.DataFrame) -> Figure:
    """Draw K' = 3K² − 2K³ for scalar K with the diagonal, its fixed points and cobwebs (Figure 1).

    Args:
        scalar_map: columns kind ("curve", "attracting", "repelling" or "cobweb from ..."), lambda
            and image, in drawing order.
    """
    figure = Figure(figsize=(5.2, 5.2), layout="constrained")
    axes = figure.subplots()
    groups = {str(kind): table for kind, table in scalar_map.groupby("kind", sort=False)}
    ends = groups["curve"]["lambda"].iloc[[0, -1]]
    axes.plot(ends, ends, color="0.6", linewidth=1, label=r"$\lambda' = \lambda$")
    formula = r"$\lambda' = 3\lambda^2 - 2\lambda^3$"
    _draw(axes, groups["curve"], formula, color="black", linewidth=2)
    cobwebs = [kind for kind in groups if kind.startswith("cobweb")]
    for index, kind in enumerate(cobwebs):
        style = {"color": ("#2f6db3", ORANGE)[index % 2], "linestyle": ("-", "--")[index % 2]}
        _draw(axes, groups[kind], kind.replace("from ", r"from $\lambda = $"), **style)
    for kind, face in (("attracting", "black"), ("repelling", "white")):
        style = {"marker": "o", "linestyle": "", "markersize": 9, "zorder": 5}
        colors = {"markerfacecolor": face, "markeredgecolor": "black"}
        _draw(axes, groups[kind], f"{kind} fixed point", **style, **colors)
    axes.set(xlim=tuple(ends), ylim=tuple(ends), aspect="equal")
    axes.set_xlabel(r"eigenvalue $\lambda$ of $\mathbf{K}$")
    axes.set_ylabel(r"eigenvalue $\lambda'$ of $\mathbf{K}' = 3\mathbf{K}^2 - 2\mathbf{K}^3$")
    axes.legend(frameon=False, fontsize="small")
    return figure


def figure_2(basins: pd.DataFrame, *, real_ends: Iterable[float] = ()) -> Figure:
    """Draw which points of the complex plane go to 0, to 1, or escape, and how fast (Figure 2).

    Only a quarter is stored. The map commutes with conjugation and with λ → 1 − λ, which swaps the
    basins: the rest is mirrored.

    Args:
        basins: a row an imaginary part ≥ 0 (column "imaginary"), a column a real part ≥ ½; 0 and 1
            where λ goes there, −k where it escaped at step k, 2 where neither was decided.
        real_ends: real λ ≥ ½ where the basins end, to be marked on both sides of ½.
    """
    figure = Figure(figsize=(8.2, 4.6), layout="constrained")
    axes = figure.subplots()
    quarter = basins.drop(columns="imaginary")
    right, top = float(quarter.columns[-1]), float(basins["imaginary"].iloc[-1])
    greys = colormaps["Greys"](np.linspace(0.05, 0.7, _SLOWEST))[:, :3]
    extent = (1 - right, right, -top, top)
    image = _colors(_mirrored(quarter.to_numpy()), greys)
    axes.imshow(image, extent=extent, origin="lower", interpolation="nearest")
    marks = [end for x in real_ends for end in (x, 1 - x)]
    blue = {"color": "#2f6db3", "markersize": 14, "markeredgewidth": 1.5, "linestyle": ""}
    if marks:
        axes.plot(marks, [0] * len(marks), marker="|", label="end of a basin, real axis", **blue)
    for points, face, label in (((0, 1), "black", "attracting"), ((0.5,), "white", "repelling")):
        style = {"marker": "o", "linestyle": "", "markersize": 7, "label": f"{label} fixed point"}
        edge = "white" if face == "black" else "black"
        axes.plot(points, [0] * len(points), markerfacecolor=face, markeredgecolor=edge, **style)
    axes.text(0, 0.2, "goes to 0", color="white", ha="center")
    axes.text(1, 0.2, "goes to 1", color="black", ha="center")
    axes.set(xlabel=r"Re $\lambda$", ylabel=r"Im $\lambda$")
    axes.legend(loc="upper right", fontsize="small")
    levels = BoundaryNorm(np.arange(_SLOWEST + 1) + 0.5, _SLOWEST)
    steps = ScalarMappable(levels, ListedColormap(greys))
    bar = figure.colorbar(steps, ax=axes, shrink=0.85, label="step at which it escapes")
    bar.set_ticks([1, 4, 7, _SLOWEST], labels=["1", "4", "7", f"≥ {_SLOWEST}"])
    return figure


def figure_3(summary: pd.DataFrame) -> Figure:
    """Draw the final error, and what is left of the output, against the learning rate (Figure 3).

    Args:
        summary: the rows of the sweeps' summaries, with a column ``network``. A rate at which the
            median run diverged has a cross at the top; the band spans all runs.
    """
    networks = list(dict.fromkeys(summary.network))
    figure = Figure(figsize=(3.1 * len(networks), 6), layout="constrained")
    axes = figure.subplots(2, len(networks), sharex="col", squeeze=False)
    for (upper, lower), network in zip(axes.T, networks, strict=True):
        rows = summary[summary.network == network]
        for rule, style in RULE_STYLES.items():
            _draw_rates(upper, lower, rows[rows.rule == rule], rule, style)
        runs = int(rows.runs.max())
        upper.set(title=f"{network}, {runs} run{'s' if runs > 1 else ''}", yscale="log")
        lower.set(xscale="log", yscale="log", xlabel="learning rate (matched scale)")
        rates = sorted(rows.learning_rate.unique())
        lower.set_xticks(rates, labels=[f"{rate:g}" for rate in rates], rotation=90)
        lower.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
    axes[0, 0].set_ylabel("final mean |f(f(x)) − f(x)|")
    axes[1, 0].set_ylabel("final output spread\n(rms of f(x) − mean f(x))")
    drawn = [axis.get_legend_handles_labels() for axis in axes[0]]
    entries = {label: handle for pair in drawn for handle, label in zip(*pair, strict=True)}
    figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=2)
    return figure


def figure_4(rows: pd.DataFrame) -> Figure:
    """Draw the mean error during training, a curve a learning rate, a column a rule (Figure 4).

    Args:
        rows: the logged rows of the sweeps, with a column ``network``. A curve ends where its first
            run diverged.
    """
    networks = list(dict.fromkeys(rows.network))
    figure = Figure(figsize=(8.5, 3.2 * len(networks)), layout="constrained")
    axes = figure.subplots(len(networks), 2, sharex="row", sharey="row", squeeze=False)
    for pair, network in zip(axes, networks, strict=True):
        of_network = rows[rows.network == network]
        for axis, rule in zip(pair, RULE_STYLES, strict=True):
            _draw_training(axis, of_network[of_network.rule == rule])
            axis.set(title=f"{network}, {rule}", yscale="log", xlabel="step")
        pair[0].set_ylabel("mean |f(f(x)) − f(x)|")
        pair[1].legend(
            title="learning rate", loc="center left", bbox_to_anchor=(1, 0.5), frameon=False
        )
    return figure


def figure_5(samples: pd.DataFrame) -> Figure:
    """Draw the noise z, which all rules share, then f(z) and f(f(z)) of each, a sample a column.

    Args:
        samples: columns ``rule``, ``seed``, ``sample``, ``application`` (0 the noise, 1 f(z),
            2 f(f(z))) and the pixels ``p0``, ``p1``, … of a square grey image as uint8, row by
            row. Of several seeds the first is drawn.

    Raises:
        ValueError: if the pixels are not those of a square image.

    Source:
        Jensen and Vicary, Figure 5.
    """
    pixels = [name for name in samples.columns if name[0] == "p" and name[1:].isdigit()]
    side = round(len(pixels) ** 0.5)
    if not pixels or side * side != len(pixels):
        raise ValueError(f"samples: expected the pixels of a square image, got {len(pixels)}")
    first = samples[samples["seed"] == samples["seed"].min()]
    rules = [rule for rule in RULE_NAMES if rule in set(first["rule"])]
    strips = [("Noise z", first[(first["rule"] == rules[0]) & (first["application"] == 0)])]
    for rule, (application, name) in product(rules, APPLICATIONS.items()):
        chosen = (first["rule"] == rule) & (first["application"] == application)
        strips.append((f"{RULE_NAMES[rule]}\n{name}", first[chosen]))
    size = (_INCHES * first["sample"].nunique() + 1.6, len(strips) * (_INCHES + 0.1))
    figure = Figure(figsize=size, layout="constrained")
    for axis, (label, rows) in zip(figure.subplots(len(strips)), strips, strict=True):
        strip = rows.sort_values("sample")[pixels].to_numpy(np.uint8).reshape(-1, side, side)
        axis.imshow(np.hstack(list(strip)), cmap="gray", vmin=0, vmax=255)
        axis.set(xticks=[], yticks=[])
        axis.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8)
    return figure


def _draw(axes: Axes, table: pd.DataFrame, label: str, **style: str | float) -> None:
    axes.plot(table["lambda"], table["image"], label=label, **style)  # pyright: ignore


def _mirrored(quarter: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the whole plane: λ → 1 − λ swaps 0 and 1, conjugation keeps all."""
    swapped = np.where((quarter == 0) | (quarter == 1), 1 - quarter, quarter)
    half = np.hstack([swapped[:, :0:-1], quarter])
    return np.vstack([half[:0:-1], half])


def _colors(codes: NDArray[np.int64], greys: NDArray[np.float64]) -> NDArray[np.float64]:
    image = greys[np.clip(-codes, 1, len(greys)) - 1]
    for code, color in ((0, "black"), (1, ORANGE), (2, "red")):
        image[codes == code] = to_rgb(color)
    return image


def _draw_rates(
    upper: Axes, lower: Axes, rows: pd.DataFrame, rule: str, style: dict[str, Any]
) -> None:
    """Draw one rule: medians with a band over all runs, the paper's mean, and the output spread."""
    shown = rows[np.isfinite(rows.median_error)]
    rate = shown.learning_rate
    low, high = (_lifted(shown[name]) for name in ("lowest_error", "highest_error"))
    high = high.where(np.isfinite(high), shown.median_error.max())  # a run diverged: no upper end
    upper.fill_between(rate, low, high, color=style["color"], alpha=0.15, linewidth=0)
    upper.plot(rate, _lifted(shown.median_error), label=f"{rule}: median of all runs", **style)
    mean: dict[str, Any] = style | {"linestyle": ":", "markerfacecolor": "none"}
    label = f"{rule}: mean of improved runs (the paper's)"
    upper.plot(rows.learning_rate, _lifted(rows.mean_error_of_improved), label=label, **mean)
    lower.plot(rate, _lifted(shown.median_output_spread), **style)
    diverged = rows.learning_rate[~np.isfinite(rows.median_error)]
    if len(diverged):
        height = 0.97 if rule == "modified" else 0.91  # of the panel: both may diverge at one rate
        cross = style | {"marker": "x", "linestyle": "", "markersize": 6}
        place = {"transform": upper.get_xaxis_transform(), "label": f"{rule}: diverged"}
        upper.plot(diverged, [height] * len(diverged), **cross, **place)


def _draw_training(axis: Axes, rows: pd.DataFrame) -> None:
    rates = sorted(rows.learning_rate.unique())
    colors = seaborn.color_palette("viridis", len(rates))
    for rate, color, dash in zip(rates, colors, cycle(("-", "--", "-.", ":")), strict=False):
        lanes = rows[rows.learning_rate == rate].groupby("step")
        mean = lanes.absolute_error.mean()[~lanes.diverged.any().cummax()]
        axis.plot(mean.index, _lifted(mean), color=color, linestyle=dash, label=f"{rate:g}")


def _lifted(values: pd.Series) -> pd.Series:
    """Lift exact zeros to the bottom of a logarithmic axis."""
    return values.clip(lower=SMALLEST_SHOWN)
