"""The computational graphs of both rules, side by side."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch

from idem.figures.style import BLUE, RULE_NAMES, WIDTH, themed

_SPINE, _SIDE, _PARAMETERS, _UNRECORDED = 0.0, 1.42, 2.45, -2.4  # columns
_WIDTHS = {_SPINE: 2.1, _SIDE: 0.4, _PARAMETERS: 1.35, _UNRECORDED: 2.1}
_LIMITS = {"modified": (-4.15, 3.2), "ordinary": (-1.5, 3.9)}
_RESULTS = {0: "y − y′, and the value", 1: "y = f(x)", 2: "u = f(y)", 3: "w = f(u)"}
_DASHED: dict[str, Any] = {"linestyle": (0, (4, 3)), "linewidth": 1}
_EDGE: dict[str, Any] = {"edgecolor": "black", "linewidth": 0.8}
_LOOKS: dict[str, dict[str, Any]] = {  # of boxes
    "shared": _EDGE | {"facecolor": "white"},
    "ordinary": _EDGE | {"facecolor": "#fde3c4", "linewidth": 1.8},
    "modified": _EDGE | {"facecolor": BLUE},
    "unrecorded": {"facecolor": "white", "edgecolor": "0.4", **_DASHED},
    "parameter": _EDGE | {"facecolor": "0.85"},
}
_MEANING = {
    "shared": "in both graphs (B: bytes saved, T: transposed)",
    "ordinary": "in the ordinary graph alone",
    "modified": "substitutes dL/dy := y − y′ of each item",
    "unrecorded": "computed without a graph",
    "parameter": "parameter, and terms in its gradient",
}
_GRADIENTS: dict[bool, dict[str, Any]] = {  # whether in one graph alone
    False: {"color": "black", "linewidth": 0.8},
    True: {"color": "black", "linewidth": 1.8},
}
_VALUE: dict[str, Any] = {"color": "0.4", **_DASHED}


class _Box(NamedTuple):
    """Where something is drawn, what is written into it, and which of `_LOOKS` it has."""

    x: float
    y: float
    text: str
    look: str

    @property
    def height(self) -> float:
        return 0.33 * (self.text.count("\n") + 1) + 0.06 * (self.look != "parameter")

    def side(self, right: int, up: int = 0) -> tuple[float, float]:
        return self.x + right * _WIDTHS[self.x] / 2, self.y + up * self.height / 2


@themed
def figure_autodiff(nodes: pd.DataFrame, edges: pd.DataFrame) -> Figure:
    """Draw what either rule leaves for the backward pass, and what it computes beside it.

    Gradients run down, from the loss to the parameters; what both graphs have stands at the same
    height in both. A pass that leaves no graph is one dashed box, with its operations.

    Args:
        nodes: columns rule, key, kind, operation, application, saved_bytes, reached and own, as of
            `idem.theory.graph.Node`; a row a node, of both rules.
        edges: columns rule, source, target and kind, as of `idem.theory.graph.Edge`.
    """
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    ratios = [right - left for left, right in _LIMITS.values()]
    panels = figure.subplots(1, 2, width_ratios=ratios)
    heights = {rule: _heights(edges[edges.rule == rule]) for rule in _LIMITS}
    top = max(max(of_rule.values()) for of_rule in heights.values())
    for axes, (rule, of_rule) in zip(panels, heights.items(), strict=True):
        raised = of_rule | {max(of_rule): top}  # the loss, which runs last
        _draw(axes, nodes[nodes.rule == rule].set_index("key"), edges[edges.rule == rule], raised)
        axes.set(ylim=(1, top + 0.7), xlim=_LIMITS[rule])
        axes.set_axis_off()
    handles = [Patch(label=_MEANING[name], **look) for name, look in _LOOKS.items()]
    lines = {"gradient": _GRADIENTS[False], "gradient, in this graph alone": _GRADIENTS[True]}
    lines["value, forwards"] = _VALUE
    handles += [Line2D([], [], label=words, **look) for words, look in lines.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure


def _draw(
    axes: Axes, nodes: pd.DataFrame, edges: pd.DataFrame, heights: Mapping[int, float]
) -> None:
    gradient, value = (edges[edges.kind == kind] for kind in ("gradient", "value"))
    unrecorded = nodes[nodes.kind == "unrecorded"]
    boxes = _recorded_boxes(nodes, gradient, heights)
    boxes |= _unrecorded_boxes(unrecorded, max(heights.values()))
    groups = {key: -1 - application for key, application in unrecorded.application.items()}
    ends = zip(value.source, value.target, strict=True)
    arrows = {(groups.get(s, s), groups.get(t, t)): _VALUE for s, t in ends}
    for source, target in zip(gradient.source, gradient.target, strict=True):
        arrows[source, target] = _GRADIENTS[bool(nodes.own[source])]
    for (source, target), look in arrows.items():
        if source != target:
            _arrow(axes, boxes[source], boxes[target], boxes, look)
    at: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7, "linespacing": 1.2}
    for box in boxes.values():
        color = {"modified": "white", "unrecorded": "0.4"}.get(box.look, "black")
        look = {"zorder": 3, **_LOOKS[box.look]}
        corner, width = box.side(-1, -1), _WIDTHS[box.x]
        style = f"round,pad=0,rounding_size={0.15 if box.look == 'parameter' else 0.03}"
        axes.add_patch(FancyBboxPatch(corner, width, box.height, boxstyle=style, **look))
        axes.text(box.x, box.y, box.text, zorder=4, color=color, **at)
    recorded = nodes[(nodes.kind == "recorded") & (nodes.application > 0)]
    for application, rows in recorded.groupby("application"):  # a band, with what it returns
        low, *_, high = sorted(boxes[key].y for key in rows.index)
        axes.fill([-1.45, 1.7, 1.7, -1.45], [low - 0.42] * 2 + [high + 0.42] * 2, "0.94", zorder=0)
        words = f"{_result(int(str(application)))}, recorded"
        axes.text(-1.26, (low + high) / 2, words, rotation=90, **at)
    axes.text(0, max(heights.values()) + 0.5, "loss", **at)
    graph, passes = nodes[nodes.kind != "unrecorded"], nodes[nodes.application > 0].application
    counts = f"{recorded.application.nunique()} of {passes.nunique()} passes recorded"
    size = f"{len(graph)} nodes, {graph.saved_bytes.sum()} B saved"
    axes.set_title(f"{RULE_NAMES[str(nodes.rule.iloc[0])]}, {counts}\n{size}")


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
    is_parameter = nodes.kind == "parameter"
    ends = is_parameter[gradient.target].groupby(gradient.source.to_numpy()).all()
    places = {key: (_SPINE, height) for key, height in heights.items()}
    for source, target in zip(gradient.source[::-1], gradient.target[::-1], strict=True):
        if ends.get(target, False):
            places[target] = (_SIDE, places[source][1])
    for key in nodes.index[is_parameter]:
        users = gradient.source[gradient.target == key]
        places[key] = (_PARAMETERS, min(places[u][1] - 0.5 * (not ends[u]) for u in users))
    boxes, records = {}, nodes.to_dict("index")
    for key, place in places.items():
        node: dict[Any, Any] = records[key]
        look = str(node["rule"]) if node["own"] else "shared"
        boxes[key] = _Box(*place, _text(node), "parameter" if is_parameter[key] else look)
    return boxes


def _unrecorded_boxes(nodes: pd.DataFrame, top: float) -> dict[int, _Box]:
    """Place what is not recorded in a column of its own, passes from below, what they give on top.

    The key of a box is -1 less the application.
    """
    boxes = {}
    applications = sorted(set(nodes.application), key=lambda application: application or 99)
    step = 2 * top / (3 * max(1, len(applications)))
    for place, application in enumerate(reversed(applications)):
        names = list(nodes.operation[nodes.application == application])
        lines = [" ".join(names[k : k + 2]) for k in range(0, len(names), 2)]
        text = "\n".join([_result(application), *lines])
        boxes[-1 - application] = _Box(_UNRECORDED, top - 0.7 - step * place, text, "unrecorded")
    return boxes


def _arrow(
    axes: Axes, source: _Box, target: _Box, boxes: Mapping[int, _Box], look: dict[str, Any]
) -> None:
    """Draw an arrow from border to border, round the boxes that stand between."""
    low, high = sorted((source.y, target.y))
    up, right = (1 if b > a else -1 for a, b in ((source.y, target.y), (source.x, target.x)))
    start, end, bend = source.side(right), target.side(-right), 0.0
    if any(box.x == source.x == target.x and low < box.y < high for box in boxes.values()):
        start, end, bend = source.side(-1), target.side(-1), -0.24 * up
    elif source.x == target.x:
        start, end = source.side(0, up), target.side(0, -up)
    elif source.x == _SIDE and source.y != target.y:
        start, end, bend = source.side(1), target.side(1), -0.6
    how: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 6, "shrinkA": 0, "shrinkB": 0}
    how["connectionstyle"] = f"arc3,rad={bend}"
    axes.add_patch(FancyArrowPatch(start, end, zorder=2, **how, **look))


def _result(application: int) -> str:
    return _RESULTS.get(application, f"pass {application}")


def _text(node: Mapping[Any, Any]) -> str:
    name = node["operation"]
    if node["kind"] == "parameter":
        return f"{name}  ×{node['reached']}"
    name = name.rstrip("0123456789").removesuffix("Backward")
    between = " · " if len(name) < 12 else "\n"
    return f"{name}{between}{node['saved_bytes']} B" if node["saved_bytes"] else name
