"""The drawing of both graphs: everything of the tables is there, and nothing covers another."""

from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from idem.figures import figure_autodiff
from idem.sweeps.mlp import MLP
from idem.theory.graph import nodes_of_its_own, step_graph
from stages.common.files import write_figure
from tests.idem.figures import drawing

RULES = ("modified", "ordinary")


def tables(widths: tuple[int, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    f, x = MLP(widths), torch.linspace(-1, 1, 4 * widths[0]).view(4, -1)
    graphs = {rule: step_graph(f, x, rule) for rule in RULES}
    nodes, edges = [], []
    for rule, other in (RULES, RULES[::-1]):
        own = nodes_of_its_own(graphs[rule], graphs[other])
        frame = pd.DataFrame(graphs[rule].nodes)
        nodes.append(frame.assign(rule=rule, own=frame.key.isin(own)))
        edges.append(pd.DataFrame(graphs[rule].edges).assign(rule=rule))
    return pd.concat(nodes), pd.concat(edges)


@pytest.fixture(scope="module", params=[(4, 6, 4), (3, 3), (2, 5, 4, 2)], ids=str)
def drawn(request: pytest.FixtureRequest) -> tuple[Figure, pd.DataFrame, pd.DataFrame]:
    nodes, edges = tables(request.param)
    figure = drawing.drawn(figure_autodiff(nodes, edges))
    FigureCanvasAgg(figure).draw()
    return figure, nodes, edges


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_every_node_is_drawn_with_its_name_and_bytes(drawn):
    figure, nodes, _ = drawn
    for axes, rule in zip(figure.axes, RULES, strict=True):
        shown = " ".join(texts(axes))
        for node in nodes[nodes.rule == rule].itertuples():
            name = node.operation.rstrip("0123456789").removesuffix("Backward")
            assert (node.operation if node.kind == "parameter" else name) in shown
            if node.saved_bytes:
                assert f"{name} {node.saved_bytes} B" in shown.replace(" ·", "").replace("\n", " ")


def test_every_gradient_has_an_arrow_and_those_of_one_graph_alone_are_thick(drawn):
    figure, nodes, edges = drawn
    for axes, rule in zip(figure.axes, RULES, strict=True):
        of_rule = edges[(edges.rule == rule) & (edges.kind == "gradient")]
        own = nodes[(nodes.rule == rule) & nodes.own].key
        arrows = [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
        solid = [arrow for arrow in arrows if arrow.get_linestyle() in ("-", "solid")]
        assert len(solid) == len(of_rule)
        assert sum(a.get_linewidth() > 1 for a in solid) == of_rule.source.isin(own).sum()
        assert (len(arrows) > len(solid)) == (rule == "modified")


def test_no_box_covers_another(drawn):
    figure, _, _ = drawn
    for axes in figure.axes:
        boxes = [p.get_bbox() for p in axes.patches if isinstance(p, FancyBboxPatch) and p.fill]
        assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
        (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
        assert all(left < b.x0 and b.x1 < right and low < b.y0 and b.y1 < high for b in boxes)


def test_titles_state_the_counts_and_parameters_the_terms(drawn):
    figure, nodes, _ = drawn
    graph = nodes[nodes.kind != "unrecorded"]
    for axes, rule, applied, ways in zip(
        figure.axes, RULES, ("1 of 3", "2 of 2"), (1, 2), strict=True
    ):
        saved = nodes[nodes.rule == rule].saved_bytes.sum()
        title = axes.get_title()
        assert f"{applied} passes recorded\n" in title
        assert f"{(graph.rule == rule).sum()} nodes, {saved} B saved" in title
        assert f"0.weight  ×{ways}" in texts(axes)


def test_what_both_graphs_have_stands_at_one_height(drawn):
    figure, _, _ = drawn
    left, right = (
        {text.get_text(): text.get_position()[1] for text in axes.texts if "recorded" in str(text)}
        for axes in figure.axes
    )
    assert left.keys() & right.keys() == {"y = f(x), recorded"}
    assert left["y = f(x), recorded"] == right["y = f(x), recorded"]


def test_words_stay_within_their_boxes(drawn):
    figure, _, _ = drawn
    for axes in figure.axes:
        boxes = [p for p in axes.patches if isinstance(p, FancyBboxPatch) and p.fill]
        for text in (t for t in axes.texts if t.get_zorder() == 4):
            extent = text.get_window_extent()
            assert any(
                box.get_window_extent().x0 < extent.x0 and extent.x1 < box.get_window_extent().x1
                for box in boxes
                if box.get_window_extent().contains(extent.x0, (extent.y0 + extent.y1) / 2)
            )


def test_the_same_tables_give_the_same_bytes(tmp_path: Path):
    for name in ("a.png", "b.png"):
        write_figure(tmp_path / name, figure_autodiff(*tables((3, 3))))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
