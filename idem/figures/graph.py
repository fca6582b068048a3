"""The computational graphs of both rules, side by side."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch, Rectangle

from idem.figures.style import BLUE, RULE_NAMES

_SPINE, _SIDE, _PARAMETERS, _UNRECORDED = 0.0, 1.4, 2.4, -2.1  # columns
_RESULTS = {1: "y = f(x)", 2: "u = f(y)", 3: "w = f(u)"}
_PALE, _HATCH, _GREY = "#fde3c4", "#f4b877", "0.4"
_GRADIENT: dict[str, Any] = {"color": "black", "linewidth": 1}
_OWN_GRADIENT: dict[str, Any] = {"color": "black", "linewidth": 2.2}
_VALUE: dict[str, Any] = {"color": _GREY, "linewidth": 1.2, "linestyle": (0, (4, 3))}


class _Box(NamedTuple):
    """Where something is drawn, and what is written into it."""

    x: float
    y: float
    width: float
    height: float
    text: str
    look: str
    """``shared``, ``ordinary``, ``modified``, ``parameter`` or ``unrecorded``."""


def figure_autodiff(nodes: pd.DataFrame, edges: pd.DataFrame) -> Figure:
    """Draw what either rule leaves for the backward pass, and what it computes beside it.

    Gradients run down, from the loss to the parameters; what both graphs have stands at the same
    height in both. A pass that leaves no graph is one dashed box, with its operations.

    Args:
        nodes: columns rule, key, kind, operation, application, saved_bytes, reached and own, as of
            `idem.theory.graph.Node`; a row a node, of both rules.
        edges: columns rule, source, target and kind, as of `idem.theory.graph.Edge`.
    """
    figure = Figure(figsize=(13, 9), layout="constrained")
    panels = figure.subplots(1, 2, width_ratios=[7.4, 5.1])
    heights = {rule: _heights(edges[edges.rule == rule]) for rule in ("modified", "ordinary")}
    top = max(max(of_rule.values()) for of_rule in heights.values())
    for axes, (rule, of_rule) in zip(panels, heights.items(), strict=True):
        raised = of_rule | {max(of_rule): top}  # the loss, which runs last
        _draw(axes, nodes[nodes.rule == rule].set_index("key"), edges[edges.rule == rule], raised)
        axes.set(ylim=(1, top + 0.6), xlim=(-3.7 if axes is panels[0] else -1.4, 3.7))
    figure.legend(handles=_legend(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def _draw(
    axes: Axes, nodes: pd.DataFrame, edges: pd.DataFrame, heights: Mapping[int, float]
) -> None:
    gradient, value = (edges[edges.kind == kind] for kind in ("gradient", "value"))
    boxes = _recorded_boxes(nodes, gradient, heights)
    unrecorded = nodes[nodes.kind == "unrecorded"]
    groups = {key: -1 - application for key, application in unrecorded.application.items()}
    boxes |= _unrecorded_boxes(unrecorded, max(heights.values()))
    _draw_bands(axes, nodes, boxes)
    for source, target in zip(gradient.source, gradient.target, strict=True):
        style = _OWN_GRADIENT if nodes.own[source] else _GRADIENT
        _arrow(axes, boxes[source], boxes[target], boxes.values(), style)
    ends = zip(value.source, value.target, strict=True)
    for source, target in dict.fromkeys((groups.get(s, s), groups.get(t, t)) for s, t in ends):
        if source != target:
            _arrow(axes, boxes[source], boxes[target], boxes.values(), _VALUE)
    for box in boxes.values():
        _draw_box(axes, box)
    root = boxes[max(heights)]
    axes.text(root.x, root.y + 0.36, "loss", ha="center", va="center", fontsize="small")
    axes.set_title(_title(nodes), fontsize="medium")
    axes.set_axis_off()


def _heights(edges: pd.DataFrame) -> dict[int, float]:
    """Return the longest way of a gradient from each node down to a parameter."""
    heights: dict[int, float] = {}
    gradient = edges[edges.kind == "gradient"].sort_values("source")
    for source, target in zip(gradient.source, gradient.target, strict=True):
        below = heights.setdefault(target, 0.0)  # it ran before, and is complete
        heights[source] = max(heights.get(source, 0.0), below + 1)
    return heights


def _recorded_boxes(
    nodes: pd.DataFrame, gradient: pd.DataFrame, heights: Mapping[int, float]
) -> dict[int, _Box]:
    """Place operations in one column, what only hands on to parameters beside its user."""
    targets = gradient.groupby("source").target.agg(list)
    is_parameter = nodes.kind == "parameter"
    side = {key for key, below in targets.items() if is_parameter[below].all()}
    places = {key: (_SPINE, height) for key, height in heights.items()}
    for source, target in zip(gradient.source[::-1], gradient.target[::-1], strict=True):
        _, y = places[source]
        if target in side:
            places[target] = (_SIDE, y)
    for key in nodes.index[is_parameter]:
        users = gradient.source[gradient.target == key]
        places[key] = (_PARAMETERS, min(places[u][1] - 0.5 * (u not in side) for u in users))
    rule = str(nodes.rule.iloc[0])
    boxes, records = {}, nodes.to_dict("index")
    for key, (x, y) in places.items():
        node: dict[Any, Any] = records[key]
        look = "parameter" if is_parameter[key] else rule if node["own"] else "shared"
        width = {_SPINE: 1.75, _SIDE: 0.6, _PARAMETERS: 1.0}[x]
        boxes[key] = _Box(x, y, width, 0.36 if x == _PARAMETERS else 0.46, _text(node), look)
    return boxes


def _unrecorded_boxes(nodes: pd.DataFrame, top: float) -> dict[int, _Box]:
    """Place what is not recorded in a column of its own, passes from below, what they give on top.

    The key of a box is -1 less the application.
    """
    applications = sorted(set(nodes.application), key=lambda application: application or 99)
    step = 2 * top / (3 * max(1, len(applications)))
    boxes = {}
    for place, application in enumerate(applications):
        names = list(nodes.operation[nodes.application == application])
        lines = [" ".join(names[k : k + 2]) for k in range(0, len(names), 2)]
        title = (
            _RESULTS.get(application, f"pass {application}")
            if application
            else "y − y′, and the value"
        )
        text = "\n".join([title, *lines])
        y = top - 0.5 - step * (len(applications) - 1 - place)
        height = 0.35 * (len(lines) + 1) + 0.2
        boxes[-1 - application] = _Box(_UNRECORDED, y, 1.7, height, text, "unrecorded")
    return boxes


def _draw_bands(axes: Axes, nodes: pd.DataFrame, boxes: Mapping[int, _Box]) -> None:
    """Shade the recorded passes, and name what they return."""
    recorded = nodes[(nodes.kind == "recorded") & (nodes.application > 0)]
    for application, rows in recorded.groupby("application"):
        ys = [boxes[key].y for key in rows.index]
        low, high = min(ys) - 0.42, max(ys) + 0.42
        axes.add_patch(Rectangle((-1.25, low), 3.1, high - low, color="0.94", zorder=0))
        name = _RESULTS.get(int(str(application)), f"pass {application}")
        place: dict[str, Any] = {"ha": "center", "va": "center", "rotation": 90}
        axes.text(-1.08, (low + high) / 2, f"{name}, recorded", fontsize="small", **place)


def _draw_box(axes: Axes, box: _Box) -> None:
    corner = box.x - box.width / 2, box.y - box.height / 2
    style = f"round,pad=0,rounding_size={0.18 if box.look == 'parameter' else 0.03}"
    axes.add_patch(
        FancyBboxPatch(corner, box.width, box.height, boxstyle=style, zorder=3, **_face(box.look))
    )
    if box.look == "ordinary":  # a hatch takes the colour of the edge
        frame: dict[str, Any] = {"fill": False, "edgecolor": "black", "linewidth": 2.2}
        axes.add_patch(
            FancyBboxPatch(corner, box.width, box.height, boxstyle=style, zorder=3, **frame)
        )
    color = {"modified": "white", "unrecorded": _GREY}.get(box.look, "black")
    place: dict[str, Any] = {"ha": "center", "va": "center", "zorder": 4, "color": color}
    axes.text(box.x, box.y, box.text, fontsize=8.5, linespacing=1.25, **place)


def _face(look: str) -> dict[str, Any]:
    if look == "unrecorded":
        return {"facecolor": "white", "edgecolor": _GREY, "linestyle": (0, (4, 3))}
    if look == "ordinary":
        return {"facecolor": _PALE, "edgecolor": _HATCH, "hatch": "///", "linewidth": 0}
    face = {"modified": BLUE, "parameter": "0.85"}.get(look, "white")
    return {"facecolor": face, "edgecolor": "black"}


def _arrow(
    axes: Axes, source: _Box, target: _Box, boxes: Iterable[_Box], style: Mapping[str, Any]
) -> None:
    """Draw an arrow from border to border, round the boxes that stand between."""
    low, high = sorted((source.y, target.y))
    between = [box for box in boxes if box.x == source.x == target.x and low < box.y < high]
    if between:
        start, end = _side(source, -1), _side(target, -1)
        bend = 0.24 if source.y == high else -0.24
    elif source.x == target.x:
        up = 1 if target.y > source.y else -1
        start, end, bend = _side(source, 0, up), _side(target, 0, -up), 0.0
    elif source.x == _SIDE and source.y != target.y:
        start, end, bend = _side(source, 1), _side(target, 1), -0.6
    else:
        right = 1 if target.x > source.x else -1
        start, end, bend = _side(source, right), _side(target, -right), 0.0
    how: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 9, "shrinkA": 0, "shrinkB": 0}
    curve = f"arc3,rad={bend}"
    axes.add_patch(FancyArrowPatch(start, end, connectionstyle=curve, zorder=2, **how, **style))


def _side(box: _Box, right: int, up: int = 0) -> tuple[float, float]:
    return box.x + right * box.width / 2, box.y + up * box.height / 2


def _text(node: Mapping[Any, Any]) -> str:
    name = node["operation"]
    if node["kind"] == "parameter":
        return f"{name}  ×{node['reached']}"
    name = name.rstrip("0123456789").removesuffix("Backward")
    return f"{name} · {node['saved_bytes']} B" if node["saved_bytes"] else name


def _title(nodes: pd.DataFrame) -> str:
    graph = nodes[nodes.kind != "unrecorded"]
    applied = nodes[nodes.application > 0]
    recorded = applied[applied.kind == "recorded"].application.nunique()
    return (
        f"{RULE_NAMES[str(nodes.rule.iloc[0])]}: {len(graph)} nodes, {graph.saved_bytes.sum()} B "
        f"saved, {recorded} of {applied.application.nunique()} passes recorded"
    )


def _legend() -> list[Artist]:
    patches = {
        "shared": "in both graphs; B: bytes saved for backward; T: transposed",
        "ordinary": "in the ordinary graph alone",
        "modified": "substitutes dL/dy := y − y′ of each item",
        "unrecorded": "computed without a graph",
        "parameter": "parameter, and the terms summed in its gradient",
    }
    faces: dict[str, dict[str, Any]] = {look: _face(look) | {"linewidth": 1} for look in patches}
    handles: list[Artist] = [
        *(Patch(label=label, **faces[look]) for look, label in patches.items()),
        Line2D([], [], label="gradient", **_GRADIENT),
        Line2D([], [], label="gradient, in this graph alone", **_OWN_GRADIENT),
        Line2D([], [], label="value, forwards", **_VALUE),
    ]
    return handles
