"""The figures of the paper: tables in, matplotlib figures out; nothing is computed here."""

from collections.abc import Mapping, Sequence
from itertools import cycle, product
from typing import Any

import numpy as np
import pandas as pd
import seaborn
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogFormatter, MultipleLocator, NullFormatter
from numpy.typing import NDArray

from idem.basins import TO_ONE, TO_ZERO, UNDECIDED, mirrored

ORANGE, BLUE, ESCAPED = "#f28e1c", "#2f6db3", "0.88"
RULE_STYLES: dict[str, dict[str, Any]] = {
    "modified": {"color": "black", "marker": "o", "linestyle": "-", "markersize": 4},
    "ordinary": {"color": ORANGE, "marker": "s", "linestyle": "--", "markersize": 4},
}
SMALLEST_SHOWN = 1e-12
_CROSS: dict[str, Any] = {"marker": "x", "linestyle": "", "markersize": 6, "markeredgewidth": 1.4}
_COMMON = "0.92"  # of the labels that both rules have
_LEGEND_LINES = 12  # of rates under each other
_LABELS = {  # what a lane that ran at the matched rate r is labelled, for width n
    "sum": "r / 2",
    "mean": "r n / 2",
    "matched": "r, as it was run",
    "mean against bare": "modified r, ordinary r n / 2",
}
RULE_NAMES = {"modified": "Modified", "ordinary": "Ordinary", "none": "Reconstruction only"}
APPLICATIONS = {1: "f(z)", 2: "f(f(z))"}
FIXED_POINTS: dict[str, dict[str, Any]] = {
    "attracting": {
        "marker": "o",
        "linestyle": "",
        "markerfacecolor": "black",
        "markeredgecolor": "white",
    },
    "repelling": {
        "marker": "o",
        "linestyle": "",
        "markerfacecolor": "white",
        "markeredgecolor": "black",
    },
}
_TIP = [(0, 0), (-0.4, 1), (0.4, 1), (0, 0)]  # a triangle that stands on its point
REAL_ENDS: dict[str, dict[str, Any]] = {
    "immediate": {
        "marker": _TIP,
        "linestyle": "",
        "markersize": 22,
        "markerfacecolor": BLUE,
        "markeredgecolor": "white",
        "label": r"real end of the basin around 0 or 1, $\frac{1}{2} \pm \sqrt{1/(2\gamma) + 1/4}$",
    },
    "escape": {
        "marker": _TIP,
        "linestyle": "",
        "markersize": 22,
        "markerfacecolor": "white",
        "markeredgecolor": BLUE,
        "label": r"real end of bounded orbits, $\frac{1}{2} \pm \sqrt{1/\gamma + 1/4}$",
    },
}
_SLOWEST = 10
# Lighter than ORANGE throughout, so that black, orange and escape stay apart in grey print.
_GREYS = np.linspace(1, 0.72, _SLOWEST)[:, None].repeat(3, axis=1)
_DPI = 200  # of Figure 2, and the pixels around its panels
_MARGINS = {"left": 190, "right": 300, "top": 90, "bottom": 130, "legend": 180}
_INCHES = 0.55  # per image of Figure 5
_KNOWN: dict[str, tuple[str, str]] = {
    "nothing": ("black", ":"),
    "bounds and rank": (BLUE, "--"),
    "bounds and gap": (ORANGE, "-"),
}
_PEER_MARKERS = "os^DvP<X>hp*"


def figure_1(scalar_map: pd.DataFrame) -> Figure:
    """Draw K' = 3K² − 2K³ for scalar K: diagonal, fixed points, cobwebs, basins (Figure 1).

    Args:
        scalar_map: columns kind ("curve", "attracting", "repelling", "immediate" and "escape" for
            the ends of the basins, or "cobweb from ..."), lambda and image, in drawing order.
    """
    figure = Figure(figsize=(5.6, 6.1), layout="constrained")
    axes, strip = figure.subplots(2, sharex=True, height_ratios=(22, 1))
    groups = {str(kind): table for kind, table in scalar_map.groupby("kind", sort=False)}
    ends = groups["curve"]["lambda"].iloc[[0, -1]]
    axes.set(xlim=tuple(ends), ylim=tuple(ends), aspect="equal")
    axes.plot(ends, ends, color="0.6", linewidth=1, label=r"$\lambda' = \lambda$")
    formula = r"$\lambda' = 3\lambda^2 - 2\lambda^3$"
    _draw(axes, groups["curve"], formula, color="black", linewidth=2)
    cobwebs = [kind for kind in groups if kind.startswith("cobweb")]
    for index, kind in enumerate(cobwebs):
        _draw_cobweb(axes, kind, groups[kind], (BLUE, ORANGE)[index % 2], ("-", "--")[index % 2])
    low, high = escape = sorted(groups["escape"]["lambda"])
    square = pd.DataFrame(
        {"lambda": (low, high, high, low, low), "image": (high, high, low, low, high)}
    )
    label = r"2-cycle $1 - \varphi$, $\varphi$: end of the bounded orbits"
    _draw(axes, square, label, color="0.35", linestyle=":", linewidth=1.2)
    for kind, style in FIXED_POINTS.items():
        _draw(axes, groups[kind], f"{kind} fixed point", markersize=9, zorder=5, **style)
    style = {"marker": "D", "linestyle": "", "markersize": 5, "zorder": 5, "color": BLUE}
    label = r"maps to $\frac{1}{2}$: end of the basin around 0 or 1"
    _draw(axes, groups["immediate"], label, markeredgecolor="white", **style)
    _draw_real_basins(strip, sorted(groups["immediate"]["lambda"]), escape)
    axes.set_ylabel(r"eigenvalue $\lambda'$ of $\mathbf{K}' = 3\mathbf{K}^2 - 2\mathbf{K}^3$")
    handles = [*axes.get_legend_handles_labels()[0], *strip.patches[2::2]]
    axes.legend(
        handles=handles,
        frameon=False,
        fontsize="x-small",
        loc="upper left",
        bbox_to_anchor=(0.1, 0.96),
    )
    return figure


def figure_2(planes: Mapping[str, NDArray[Any]]) -> Figure:
    """Draw which points of the complex plane go to 0, to 1, or escape, and how fast (Figure 2).

    A panel a step size γ, with a pixel, or a square of them, for every point: to be saved at the
    figure's own resolution. Only quarters are stored, the rest is mirrored.

    Args:
        planes: arrays by plane: "gammas"; "codes" (planes, rows, columns) of the quarters
            (`idem.basins.quarter_plane`); the "spacing" of their points; and the real λ > ½ where
            the "immediate" basin and the bounded orbits ("escape") end.
    """
    count, height, width = planes["codes"].shape * np.array([1, 2, 2])
    columns, zoom = min(count, 2), max(1, round(1200 / width))
    panel = np.array([width * zoom, height * zoom])
    pitch = panel + (_MARGINS["left"], _MARGINS["top"] + _MARGINS["bottom"])
    lines = -(-count // columns)
    size = pitch * (columns, lines) + (_MARGINS["right"], _MARGINS["legend"])
    figure = Figure(figsize=(size[0] / _DPI, size[1] / _DPI), dpi=_DPI)
    for index in range(count):
        line, column = divmod(index, columns)
        left = column * pitch[0] + _MARGINS["left"]
        low = (lines - 1 - line) * pitch[1] + _MARGINS["bottom"] + _MARGINS["legend"]
        axes = figure.add_axes((left / size[0], low / size[1], *(panel / size)))
        _draw_plane(axes, {name: values[index] for name, values in planes.items()})
    low, high = _MARGINS["bottom"] + _MARGINS["legend"], size[1] - _MARGINS["top"]
    _explain_planes(figure, figure.axes[0], low / size[1], high / size[1])
    return figure


def figure_3(summary: pd.DataFrame, error_floor: float) -> Figure:
    """Draw the final error, and what is left of the map, against the learning rate (Figure 3).

    A column a network. Its first panel is the paper's: the mean of the runs that improved, open
    where some were discarded, with their number, and a cross at the top where all were; the band is
    the bootstrap interval of the mean of all runs. The second is the geometric mean of all runs
    with its interval, and a cross where a run diverged. The third and fourth show whether it is a
    constant map that is so idempotent: the spread of its outputs and the rank of its Jacobian.

    Args:
        summary: the rows of the sweeps' summaries, with a column ``network``.
        error_floor: as what errors below it count in the geometric mean.
    """
    networks = list(dict.fromkeys(summary.network))
    figure = Figure(figsize=(3.1 * len(networks) + 0.4, 10.4), layout="constrained")
    axes = figure.subplots(4, len(networks), sharex="col", squeeze=False)
    for column, network in zip(axes.T, networks, strict=True):
        rows = summary[summary.network == network]
        _draw_mean_of_improved(column[0], rows)
        _draw_by_rate(column[1], rows, "geometric_mean_error", "a run diverged at every rate")
        _draw_by_rate(column[2], rows, "median_output_spread", "not measured")
        _draw_by_rate(column[3], rows, "median_jacobian_rank", "not measured")
        column[0].set_title(f"{network}, {_counted(int(rows.runs.max()), 'run')}")
        for axis in column:
            _tick_rates(axis, rows.learning_rate)
            axis.tick_params(axis="x", labelbottom=axis is column[-1])
        _plain(column[3].yaxis)
        column[-1].set_xlabel("learning rate (matched scale)")
    for axis, label in zip(
        axes[:, 0],
        (
            "mean error, improved runs\n(mean |f(f(x)) − f(x)|)",
            f"geometric mean error,\nall runs (at least $10^{{{np.log10(error_floor):.0f}}}$ each)",
            "output spread, median\n(rms of f(x) − mean f(x))",
            "effective rank, median\n(of the Jacobian at f(x))",
        ),
        strict=True,
    ):
        axis.set_ylabel(label)
    handles = _rate_legend("no run improved; second row: one diverged; below: all did")
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


def figure_4(rows: pd.DataFrame) -> Figure:
    """Draw the mean error during training, a curve a learning rate, a column a rule (Figure 4).

    Args:
        rows: the logged rows of the sweeps, with a column ``network``. A curve ends, with a cross,
            where its first run diverged.
    """
    networks = list(dict.fromkeys(rows.network))
    most = max(of_one.learning_rate.nunique() for _, of_one in rows.groupby("network"))
    size = (7.3 + 1.2 * -(-most // _LEGEND_LINES), 3.2 * len(networks))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(networks), 2, sharex="row", sharey="row", squeeze=False)
    for pair, network in zip(axes, networks, strict=True):
        of_network = rows[rows.network == network]
        for axis, rule in zip(pair, RULE_STYLES, strict=True):
            _draw_training(axis, of_network[of_network.rule == rule], of_network)
            axis.set(title=f"{network}, {rule}", yscale="log", xlabel="step")
        pair[0].set_ylabel("mean |f(f(x)) − f(x)|")
        pair[1].legend(
            title="learning rate\n(matched scale)\n× a run diverged",
            loc="center left",
            bbox_to_anchor=(1, 0.5),
            frameon=False,
            ncols=-(-of_network.learning_rate.nunique() // _LEGEND_LINES),
            fontsize="small",
            title_fontsize="small",
            handlelength=2.6,
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


def figure_peers(peers: pd.DataFrame) -> Figure:
    """Draw what every iteration costs until rounding stops it, and how far from P that is.

    A column a norm of the projector; black schemes are told nothing of the spectrum, blue ones its
    bounds and the rank, orange ones its bounds and the gap.

    Args:
        peers: columns scheme, knows, norm, gap, size, equivalents (products, with inverses priced
            in them; missing for direct methods) and log10_distance.
    """
    norms = list(dict.fromkeys(peers.norm))
    width = 3.4 * len(norms) + 2.6
    figure = Figure(figsize=(width, 6.4), layout="constrained")
    axes = figure.subplots(2, len(norms), sharex=True, sharey="row", squeeze=False)
    for (upper, lower), norm in zip(axes.T, norms, strict=True):
        schemes = peers[peers.norm == norm].groupby(["scheme", "knows"], sort=False)
        for ((name, knows), rows), marker in zip(schemes, cycle(_PEER_MARKERS), strict=False):
            style = _peer_style(str(name), str(knows), marker)
            lower.plot(rows.gap, rows.log10_distance, label=name, **style)
            if rows.equivalents.notna().any():
                upper.plot(rows.gap, rows.equivalents, **style)
        upper.set(title=rf"$\|\mathbf{{P}}\|_2 = {norm:g}$", xscale="log", ylim=(0, None))
        lower.set_xlabel(r"least distance of an eigenvalue to $\frac{1}{2}$ (gap)")
        for panel in (upper, lower):
            panel.grid(color="0.9", linewidth=0.6)
    axes[0, 0].invert_xaxis()
    axes[0, 0].set_ylabel("cost until rounding stops it\n(n × n products; inverses priced)")
    axes[1, 0].set_ylabel("log10 of the relative distance\nto the exact projector")
    _explain_peers(figure, peers, axes[1, 0])
    return figure


def _draw(axes: Axes, table: pd.DataFrame, label: str, **style: str | float) -> None:
    axes.plot(table["lambda"], table["image"], label=label, **style)  # pyright: ignore


def _draw_cobweb(axes: Axes, kind: str, path: pd.DataFrame, color: str, dashes: str) -> None:
    """Draw a cobweb with a square where it starts and an arrow on each of its longer lines."""
    label = kind.replace("from ", r"from $\lambda = $")
    _draw(axes, path, label, color=color, linestyle=dashes)
    _draw(axes, path[:1], "", color=color, linestyle="", marker="s", markersize=4)
    corners = path[["lambda", "image"]].to_numpy()
    for start, end in zip(corners, corners[1:], strict=False):
        if np.abs(end - start).max() > 0.06:
            middle = (start + end) / 2
            arrow = {"arrowstyle": "-|>", "color": color, "shrinkA": 0, "shrinkB": 0}
            tip = middle + (end - start) * 0.2
            axes.annotate("", tuple(tip), tuple(middle), arrowprops=arrow)


def _draw_real_basins(axes: Axes, immediate: Sequence[float], escape: Sequence[float]) -> None:
    """Draw, under Figure 1, where a real λ ends: black 0, orange 1, hatched one or the other."""
    axes.set(yticks=[], xlabel=r"eigenvalue $\lambda$ of $\mathbf{K}$")
    hatched = {"facecolor": ORANGE, "edgecolor": "black", "hatch": "/////"}
    axes.axvspan(immediate[0], 0.5, color="black")
    axes.axvspan(0.5, immediate[1], color=ORANGE)
    for ends in zip(escape, immediate, strict=True):
        axes.axvspan(*sorted(ends), label="goes to 0 or 1, by turns", **hatched)
    for end, outside in zip(escape, axes.get_xlim(), strict=True):
        axes.axvspan(*sorted((end, outside)), color=ESCAPED, label="escapes")
    centre: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": "x-small"}
    centre["transform"] = axes.get_xaxis_transform()
    for middle, end, color in ((immediate[0], 0, "white"), (immediate[1], 1, "black")):
        axes.text((middle + 0.5) / 2, 0.45, f"goes to {end}", color=color, **centre)


def _draw_plane(axes: Axes, plane: Mapping[str, Any]) -> None:
    """Draw one panel of Figure 2."""
    codes = mirrored(plane["codes"])
    right, top = plane["spacing"] * np.array(plane["codes"].shape[::-1])
    extent = (0.5 - right, 0.5 + right, -top, top)
    axes.imshow(_colors(codes), extent=extent, origin="lower", interpolation="nearest")
    for name, style in REAL_ENDS.items():
        axes.plot([plane[name], 1 - plane[name]], [0, 0], **style)
    for kind, style in FIXED_POINTS.items():
        points = (0, 1) if kind == "attracting" else (0.5,)
        axes.plot(points, [0] * len(points), label=f"{kind} fixed point", markersize=9, **style)
    place = {"ha": "center", "va": "center", "fontsize": 14}
    middle, lift = (0.5 + plane["immediate"]) / 2, 0.09 * right
    axes.text(1 - middle, lift, "goes to 0", color="white", **place)
    axes.text(middle, lift, "goes to 1", color="black", **place)
    axes.xaxis.set_major_locator(MultipleLocator(0.5))
    axes.yaxis.set_major_locator(MultipleLocator(0.5))
    axes.set_xlabel(r"Re $\lambda$", fontsize=14)
    axes.set_ylabel(r"Im $\lambda$", fontsize=14)
    axes.set_title(rf"$\gamma = {plane['gammas']:g}$", fontsize=16)
    axes.tick_params(labelsize=13)


def _explain_planes(figure: Figure, axes: Axes, low: float, high: float) -> None:
    """Draw the legend of Figure 2 below its panels, and the colour bar beside them."""
    patches = [Patch(color="black", label="goes to 0"), Patch(color=ORANGE, label="goes to 1")]
    handles = [*patches, *axes.get_legend_handles_labels()[0]]
    figure.legend(handles=handles, loc="lower center", ncols=3, fontsize=14, frameon=False)
    levels = BoundaryNorm(np.arange(_SLOWEST + 1) + 0.5, _SLOWEST)
    steps = ScalarMappable(levels, ListedColormap(_GREYS))
    margin = _MARGINS["right"] / (figure.get_figwidth() * _DPI)
    place = figure.add_axes((1 - 0.85 * margin, low, 0.2 * margin, high - low))
    bar = figure.colorbar(steps, cax=place)
    bar.set_label("step at which it escapes", fontsize=14)
    bar.set_ticks([1, 4, 7, _SLOWEST], labels=["1", "4", "7", f"≥ {_SLOWEST}"], fontsize=13)


def _colors(codes: NDArray[np.integer]) -> NDArray[np.float64]:
    image = _GREYS[np.clip(-codes, 1, _SLOWEST) - 1]
    for code, color in ((TO_ZERO, "black"), (TO_ONE, ORANGE), (UNDECIDED, "red")):
        image[codes == code] = to_rgb(color)
    return image


def _peer_style(name: str, knows: str, marker: str) -> dict[str, Any]:
    """Return thick black for `project`; else a colour by what is known, a marker by scheme."""
    if name == "project":
        return {"color": "black", "linewidth": 3, "marker": "o", "markersize": 6, "zorder": 5}
    color, dashes = _KNOWN[knows]
    style = {"color": color, "linestyle": dashes, "linewidth": 1.1, "marker": marker}
    return style | {"markersize": 6, "markerfacecolor": "none"}


def _explain_peers(figure: Figure, peers: pd.DataFrame, axes: Axes) -> None:
    """Draw the legend beside the panels, a group for each thing that schemes are told."""
    handles, labels = axes.get_legend_handles_labels()
    drawn = dict(zip(labels, handles, strict=True))
    knows = peers.drop_duplicates("scheme").set_index("scheme").knows
    entries: list[tuple[Any, str]] = []
    for told in _KNOWN:
        members = sorted(knows.index[knows == told], key=lambda name: name != "project")
        if members:
            entries += [(Patch(alpha=0), f"told {told}:"), *((drawn[m], m) for m in members)]
    figure.legend(
        *zip(*entries, strict=True), loc="outside center right", frameon=False, handlelength=3.2
    )


def _draw_mean_of_improved(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the paper's mean with the interval over all runs, and what the paper discards."""
    limits = "mean_error_low", "mean_error_high"
    _draw_by_rate(axes, rows, "mean_error_of_improved", "no run improved", limits)
    some = rows[(rows.discarded > 0) & (rows.improved > 0)]
    for row in some.itertuples():
        style = RULE_STYLES[str(row.rule)] | {"markerfacecolor": "white", "zorder": 4}
        point: Any = row.learning_rate, row.mean_error_of_improved
        axes.plot(*point, **style)
        lift = -12 if row.rule == "modified" else 5
        place = {"textcoords": "offset points", "xytext": (0, lift), "ha": "center"}
        axes.annotate(f"−{row.discarded}", point, fontsize="x-small", **place)


def _draw_by_rate(
    axes: Axes,
    rows: pd.DataFrame,
    value: str,
    nothing: str,
    limits: tuple[str, str] | None = None,
) -> None:
    """Draw a column of a summary against the rate.

    Where it has no finite value because of the runs there, there is a cross at the top. A rule that
    has none at any rate is named, with `nothing` or that all diverged, in words.
    """
    low, high = limits or (f"{value}_low", f"{value}_high")
    words = []
    for rule, style in RULE_STYLES.items():
        of_rule = rows[rows.rule == rule].sort_values("learning_rate")
        there = np.isfinite(of_rule[value])
        if low in of_rule:
            band = of_rule.learning_rate, _lifted(of_rule[low]), _lifted(of_rule[high])
            axes.fill_between(*band, color=style["color"], alpha=0.18, linewidth=0)
        curve = _lifted(of_rule[value].where(there))
        axes.plot(of_rule.learning_rate, curve, label=rule, **style)
        height = 0.96 if rule == "modified" else 0.90  # of the panel: both may lack one rate
        _cross(axes, of_rule.learning_rate[~there & (of_rule.discarded > 0)], height, rule)
        if not there.any():
            all_diverged = (of_rule.diverged == of_rule.runs).all()
            words.append(f"{rule}: {'all runs diverged' if all_diverged else nothing}")
    axes.set_xscale("log")
    _say(axes, words)
    if len(words) < len(RULE_STYLES):
        axes.set_yscale("log")
        axes.margins(y=0.22)
    else:
        axes.set(yticks=[], ylim=(0, 1))


def _cross(axes: Axes, positions: pd.Series, height: float, rule: str) -> None:
    """Mark what has no finite value, at a height of the panel that is no value."""
    style = RULE_STYLES[rule] | _CROSS
    place = {"transform": axes.get_xaxis_transform(), "zorder": 5}
    axes.plot(positions, [height] * len(positions), **style, **place)


def _say(axes: Axes, words: Sequence[str]) -> None:
    """Write into a panel what it would else be empty of."""
    place: dict[str, Any] = {"fontsize": "small", "transform": axes.transAxes}
    box = {"color": "white", "alpha": 0.8, "pad": 2}
    if words:
        axes.text(0.04, 0.05, "\n".join(words), bbox=box, in_layout=False, **place)


def _rate_legend(meaning_of_cross: str) -> list[Artist]:
    """Return the legend of Figure 3 and of its views."""
    grey: dict[str, Any] = {"color": "0.45", "linestyle": "", "marker": "o", "markersize": 4}
    white: dict[str, Any] = grey | {"markerfacecolor": "white"}
    rules = [Line2D([], [], label=rule, **style) for rule, style in RULE_STYLES.items()]
    hollow = Line2D([], [], label="−k: k runs discarded", **white)
    cross = Line2D([], [], label=meaning_of_cross, **grey | _CROSS)
    band = Patch(color="0.45", alpha=0.3, label="bootstrap interval over all runs")
    return [*rules, band, hollow, cross]


def _tick_rates(axes: Axes, rates: pd.Series) -> None:
    """Name every rate that was run, but for those too near their neighbour to be read."""
    values = np.sort(rates.unique())
    apart = max(np.log(values[-1] / values[0]) / 24, 1e-9)
    named = [values[-1]]
    for value in values[-2::-1]:
        named += [value] if np.log(named[-1] / value) > apart else []
    named.reverse()
    size = "small" if len(named) > 10 else "medium"
    axes.set_xticks(named, labels=[f"{rate:.3g}" for rate in named], rotation=90, fontsize=size)
    axes.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)


def _plain(axis: Axis) -> None:
    """Write the numbers of a logarithmic axis as 20, not as 2 × 10¹."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(LogFormatter(labelOnlyBase=False, minor_thresholds=(1, 0.4)))


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}{'s' * (count != 1)}"


def _draw_training(axis: Axes, rows: pd.DataFrame, of_both: pd.DataFrame) -> None:
    """Draw one rule, with the colours and dashes that a rate has for both."""
    rates = sorted(of_both.learning_rate.unique())
    colors = seaborn.color_palette("viridis", len(rates))
    for rate, color, dash in zip(rates, colors, cycle(("-", "--", "-.", ":")), strict=False):
        lanes = rows[rows.learning_rate == rate].groupby("step")
        lost = lanes.diverged.any().cummax()
        mean = _lifted(lanes.absolute_error.mean()[~lost])
        axis.plot(mean.index, mean, color=color, linestyle=dash, label=f"{rate:g}")
        if lost.any() and len(mean):
            axis.plot(mean.index[-1:], mean[-1:], color=color, clip_on=False, **_CROSS)
    if len(rows) and rows[rows.diverged].learning_rate.nunique() == rows.learning_rate.nunique():
        _say(axis, ["a run diverged at every rate"])


def _lifted(values: pd.Series) -> pd.Series:
    """Lift exact zeros to the bottom of a logarithmic axis."""
    return values.clip(lower=SMALLEST_SHOWN)


def figure_cost(cost: pd.DataFrame) -> Figure:
    """Draw what a training step of either rule costs against depth, beside linear growth.

    Three panels: operations, the same in forward passes of the network (markers counted, lines
    exact), and bytes saved for the backward pass. Open markers are the narrowest networks, filled
    ones the others. For the narrowest, dotted lines show the operations, at least one a path and
    item, if the gradient were multiplied out.

    Args:
        cost: columns rule, width, depth, batch_size, flops, forward_equivalents, exact,
            saved_bytes and log10_expanded_paths.
    """
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    work, passes, memory = figure.subplots(1, 3)
    narrowest = cost[cost.width == cost.width.min()]
    for (rule, width), rows in cost.groupby(["rule", "width"], sort=False):
        narrow = width == cost.width.min()
        style = RULE_STYLES[str(rule)] | {"markersize": 6}
        style |= {"markerfacecolor": "white"} if narrow else {}
        work.plot(rows.depth, rows.flops / 1e9, label=f"{rule}, width {width}", **style)
        memory.plot(rows.depth, rows.saved_bytes / 1e6, **style)
        passes.plot(rows.depth, rows.exact, **style | {"marker": ""})
        style |= {"linestyle": "", "markersize": 10 if narrow else 5}
        passes.plot(rows.depth, rows.forward_equivalents, **style)
    for rule, rows in narrowest.groupby("rule", sort=False):
        paths = rows.batch_size * 10.0**rows.log10_expanded_paths
        style = RULE_STYLES[str(rule)] | {"linestyle": ":", "marker": ""}
        label = f"{rule}, width {cost.width.min()}, at least, if multiplied out"
        work.plot(rows.depth, paths / 1e9, label=label, **style)
    _draw_linear(work, cost, cost.flops / 1e9)
    _draw_linear(memory, cost, cost.saved_bytes / 1e6)
    low, high = cost.flops.min() / 1e9, cost.flops.max() / 1e9
    work.set(yscale="log", ylim=(low / 30, high * 30), title="operations")
    work.set_ylabel("GFLOP of matrix products per step")
    passes.set(ylim=(0, 6.9), title="operations, relative")
    passes.set_ylabel("forward passes of the same network per step")
    memory.set(yscale="log", title="memory", ylabel="MB saved for the backward pass")
    depths = sorted(cost.depth.unique())
    for axes in (work, passes, memory):
        axes.set(xscale="log", xlabel="depth (layers)")
        axes.set_xticks(depths, labels=[f"{depth}" for depth in depths])
        axes.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
        axes.grid(color="0.92", linewidth=0.6)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, handlelength=3.5)
    return figure


def _draw_linear(axes: Axes, cost: pd.DataFrame, values: pd.Series) -> None:
    """Draw a line of slope one between the curves of the narrowest and the widest networks."""
    depths = np.array([cost.depth.min(), cost.depth.max()])
    shallowest = values[cost.depth == depths[0]]
    line = np.sqrt(shallowest.min() * shallowest.max()) * depths / depths[0]
    axes.plot(depths, line, color="0.6", linewidth=1)
    place: dict[str, Any] = {"ha": "center", "va": "center", "color": "0.4", "fontsize": "small"}
    middle = np.sqrt(depths.prod()), np.sqrt(line.prod())
    axes.text(*middle, "linear in depth", **place, bbox={"color": "white", "pad": 1})


def figure_scales(readings: pd.DataFrame) -> Figure:
    """Show what a learning rate means under every reading of the scale the paper leaves open.

    A row a network, a column a reading. All columns are the same lanes with other labels, none is
    run twice: the mean error of improved runs as in Figure 3. Only where a reading scales the rules
    differently do the curves move against each other; grey then are the labels both rules have.

    Args:
        readings: summaries of the sweeps, with columns ``network``, ``width`` (its n), ``reading``,
            and the rates as that reading labels them.
    """
    networks, names = (list(dict.fromkeys(readings[key])) for key in ("network", "reading"))
    figure = Figure(figsize=(3 * len(names) + 0.4, 2.7 * len(networks) + 0.8), layout="constrained")
    axes = figure.subplots(len(networks), len(names), sharey="row", squeeze=False)
    for (network, name), axis in zip(product(networks, names), axes.flat, strict=True):
        rows = readings[(readings.network == network) & (readings.reading == name)]
        _draw_mean_of_improved(axis, rows)
        _shade_common_rates(axis, rows)
        axis.set_title(f"{network} (n = {rows.width.iloc[0]}), {name}", fontsize="medium")
        if rows.groupby("rule").learning_rate.min().nunique() == 1:
            _tick_rates(axis, rows.learning_rate)
        else:
            axis.xaxis.set_minor_formatter(NullFormatter())
    for line in axes:
        line[0].set_ylabel("mean error, improved runs\n(mean |f(f(x)) − f(x)|)")
    for axis, name in zip(axes[-1], names, strict=True):
        axis.set_xlabel(f"learning rate: {_LABELS[name]}")
    common = Patch(color=_COMMON, label="labels that both rules have")
    handles = [*_rate_legend("no run improved"), common]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


def figure_fair(training: pd.DataFrame, lanes: pd.DataFrame) -> Figure:
    """Compare the rules at their best rates, at equal compute, and at equal first updates.

    A row a network, and in it three panels: the error during training of each rule at its own best
    rate, by step; the same by what the steps cost, up to a vertical line that the cheaper rule does
    not pass; and the final error of all lanes by the norm of their first update. Thick: the median
    of all runs, ending where half of them have diverged; thin, or small: single runs.

    Seconds are no part of this figure, as they would differ on every machine:
    tests/benchmarks/bench_sweep.py gives the seconds of a step of either rule.

    Args:
        training: columns ``network``, ``rule``, ``learning_rate``, ``run``, ``step``,
            ``forward_equivalents`` and ``absolute_error``, infinite once a run diverged.
        lanes: one row a lane: ``network``, ``rule``, ``learning_rate``, ``first_update_norm``,
            ``absolute_error`` at the end, infinite if the lane diverged, and ``initial_error``.

    A best rate at an end of the grid has ≥ or ≤ before it: a better one may lie beyond.
    """
    networks = list(dict.fromkeys(training.network))
    figure = Figure(figsize=(11.5, 3.1 * len(networks) + 0.6), layout="constrained")
    axes = figure.subplots(len(networks), 3, sharey="row", squeeze=False)
    for line, network in zip(axes, networks, strict=True):
        of_network, ends = (table[table.network == network] for table in (training, lanes))
        _draw_at_best(line[0], of_network, "step")
        _draw_at_best(line[1], of_network, "forward_equivalents")
        _draw_by_norm(line[2], ends)
        if np.isfinite(of_network.groupby(["rule", "step"]).absolute_error.median()).all():
            cost = of_network.groupby("rule").forward_equivalents.max().min()
            line[1].axvline(cost, color="0.6", linestyle=":", linewidth=1)
        rates = _best_rates(of_network, ends.learning_rate)
        line[0].set_title(f"{network}, best rates: {rates}", fontsize="medium")
        line[1].set_title(f"{network}, the same at equal compute", fontsize="medium")
        line[2].set_title(f"{network}, all rates, by update", fontsize="medium")
        line[0].set_ylabel("mean |f(f(x)) − f(x)|")
    for axis, label in zip(
        axes[-1],
        ("step", "cost in forward passes", "norm of the first update (all weights and biases)"),
        strict=True,
    ):
        axis.set_xlabel(label)
    figure.legend(handles=_fair_legend(), loc="outside lower center", ncols=4, frameon=False)
    return figure


def _shade_common_rates(axes: Axes, rows: pd.DataFrame) -> None:
    """Shade the labels that both rules have, where they have not all in common."""
    ends = rows.groupby("rule").learning_rate.agg(["min", "max"])
    low, high = ends["min"].max(), ends["max"].min()
    if low > high:
        _say(axes, ["no label in common"])
    elif len(ends.drop_duplicates()) > 1:
        axes.axvspan(low, high, color=_COMMON, zorder=0)


def _best_rates(training: pd.DataFrame, tried: pd.Series) -> str:
    """Name each rule's best rate; at an end of the grid a better one may lie beyond."""
    names = []
    for rule, of_rule in training.groupby("rule"):
        rate = of_rule.learning_rate.iloc[0]
        bound = "≥ " if rate == tried.max() else "≤ " if rate == tried.min() else ""
        survived = np.isfinite(of_rule.groupby("step").absolute_error.median()).all()
        names.append(f"{rule} {bound}{rate:g}" if survived else f"{rule} none")
    return ", ".join(names)


def _draw_at_best(axes: Axes, training: pd.DataFrame, along: str) -> None:
    """Draw every run, and the median of all, against a column of `training`."""
    words = []
    for rule, style in RULE_STYLES.items():
        of_rule = training[training.rule == rule]
        thin = {"color": style["color"], "linestyle": style["linestyle"], "linewidth": 0.6}
        for _, run in of_rule.groupby("run"):
            axes.plot(run[along], _shown(run.absolute_error), alpha=0.4, **thin)
        median = of_rule.groupby(along).absolute_error.median()
        thick: dict[str, Any] = style | {
            "linewidth": 2,
            "markevery": max(1, len(median) // 8),
            "zorder": 4,
        }
        axes.plot(median.index, _shown(median), **thick)
        if not np.isfinite(median).all():
            words.append(f"{rule}: at every rate at least half diverged")
    axes.set_yscale("log")
    _say(axes, words)


def _draw_by_norm(axes: Axes, lanes: pd.DataFrame) -> None:
    """Draw the final error of every lane against its first update, and the median of each rate."""
    axes.axhline(lanes.initial_error.median(), color="0.6", linestyle="--", linewidth=1)
    words = []
    for rule, style in RULE_STYLES.items():
        of_rule = lanes[lanes.rule == rule]
        dots = style | {"linestyle": "", "markersize": 2.5, "alpha": 0.5}
        axes.plot(of_rule.first_update_norm, _shown(of_rule.absolute_error), **dots)
        medians = of_rule.groupby("learning_rate")[["first_update_norm", "absolute_error"]].median()
        axes.plot(medians.first_update_norm, _shown(medians.absolute_error), **style)
        height = 0.96 if rule == "modified" else 0.90
        lost = of_rule.first_update_norm[np.isinf(of_rule.absolute_error)]
        _cross(axes, lost, height, rule)
        words += [f"{rule}: all runs diverged"] * (len(lost) == len(of_rule))
    axes.set(xscale="log", yscale="log")
    axes.margins(y=0.2)
    _plain(axes.xaxis)
    _say(axes, words)


def _fair_legend() -> list[Artist]:
    grey: dict[str, Any] = {"color": "0.45"}
    rules = [
        Line2D([], [], label=f"{rule}: median of all runs", **style)
        for rule, style in RULE_STYLES.items()
    ]
    return [
        *rules,
        Line2D([], [], linewidth=0.6, marker="o", markersize=2.5, label="single runs", **grey),
        Line2D([], [], label="a run that diverged", **grey | _CROSS),
        Line2D([], [], linestyle=":", linewidth=1, label="equal compute", **grey),
        Line2D([], [], linestyle="--", linewidth=1, label="error before training", **grey),
    ]


def _shown(errors: pd.Series) -> pd.Series:
    """Leave out what is infinite, and lift exact zeros."""
    return _lifted(errors.where(np.isfinite(errors)))


def figure_stability(stability: pd.DataFrame) -> Figure:
    """Draw the largest stable rate of every network and rule, measured beside the predicted edges.

    A bar from the largest rate found stable to the lowest found unstable, in the colour of the
    rule; left of it what the curvature predicts, at the start and later in a training; across, what
    the covariance of the data alone predicts, and the paper's largest improving rate.

    Args:
        stability: columns network, rule, steps_before, edge_from_curvature, edge_fresh_batches,
            marchenko_pastur, one_layer_fresh, largest_stable_rate, lowest_unstable_rate and paper;
            a row a network, rule and place. Missing edges are left out.
    """
    networks = list(dict.fromkeys(stability.network))
    figure = Figure(figsize=(2 + 1.9 * len(networks), 5.2), layout="constrained")
    axes = figure.subplots()
    edges = stability[["edge_from_curvature", "edge_fresh_batches", "lowest_unstable_rate"]]
    top = 2 * float(edges.where(np.isfinite(edges)).max().max())
    for centre, network in enumerate(networks):
        rows = stability[stability.network == network]
        for name, (color, dashes, width, _) in _EDGE_LINES.items():
            if np.isfinite(value := float(rows[name].iloc[0])):
                ends = [centre - 0.45, centre + 0.45]
                axes.plot(ends, [value] * 2, color=color, linestyle=dashes, linewidth=width)
        for side, rule in ((-0.2, "modified"), (0.2, "ordinary")):
            _draw_stability(axes, centre + side, rows[rows.rule == rule], rule, top)
    axes.set(yscale="log", ylim=(None, top), ylabel="learning rate (matched scale)")
    axes.set_xticks(range(len(networks)), labels=networks)
    axes.set_xlim(-0.6, len(networks) - 0.4)
    axes.grid(axis="y", color="0.92", linewidth=0.6)
    figure.legend(handles=_stability_legend(), loc="outside lower center", ncols=2, frameon=False)
    return figure


_EDGE_LINES: dict[str, tuple[str, Any, float, str]] = {  # colour, dashes, width, meaning
    "paper": ("0.55", "-", 3, "the paper: nothing improves above (Figure 3)"),
    "marchenko_pastur": (BLUE, ":", 1.5, r"one linear layer, one batch: $2/(1+\sqrt{n/B})^2$"),
    "one_layer_fresh": (BLUE, "--", 1.2, r"one linear layer, fresh batches: $2/(1+(n+1)/B)$"),
}
_EDGE_MARKERS: dict[str, tuple[str, str]] = {
    "edge_from_curvature": ("v", "curvature, one batch"),
    "edge_fresh_batches": ("D", "curvature, fresh batches"),
}


def _draw_stability(axes: Axes, x: float, rows: pd.DataFrame, rule: str, top: float) -> None:
    """Draw one rule of one network: its bracket, and the edges left of it."""
    color = RULE_STYLES[rule]["color"]
    low, high = float(rows.largest_stable_rate.iloc[0]), float(rows.lowest_unstable_rate.iloc[0])
    end = high if np.isfinite(high) else top
    place: dict[str, Any] = {"color": color, "linestyle": "", "markersize": 9}
    if low > 0:
        axes.plot([x + 0.06] * 2, [low, end], color=color, linewidth=5, solid_capstyle="butt")
        axes.plot([x + 0.06], [low], marker="_", **place)
    axes.plot([x + 0.06], [end], marker="_" if np.isfinite(high) else "^", **place)
    for name, (marker, _) in _EDGE_MARKERS.items():
        for _, row in rows[np.isfinite(rows[name])].iterrows():
            face = "white" if row.steps_before == 0 else color
            style: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": color}
            axes.plot([x - 0.06], [row[name]], marker=marker, markersize=6, **style)


def _stability_legend() -> list[Artist]:
    black: dict[str, Any] = {"color": "black", "linestyle": ""}
    return [
        *(
            Line2D([], [], color=style["color"], linewidth=5, label=f"{rule}: stable to unstable")
            for rule, style in RULE_STYLES.items()
        ),
        *(
            Line2D([], [], marker=marker, label=f"{words}, after some steps", **black)
            for marker, words in _EDGE_MARKERS.values()
        ),
        Line2D([], [], marker="v", markerfacecolor="white", label="open: at the start", **black),
        *(
            Line2D([], [], color=color, linestyle=dashes, linewidth=width, label=words)
            for color, dashes, width, words in _EDGE_LINES.values()
        ),
    ]
