"""The graphs of a step under both rules, as tables and in numbers."""

from collections.abc import Mapping

import pandas as pd

from idem.theory.graph import Graph, nodes_of_its_own, step_graph
from stages.common import params
from stages.theory.drawn import batch, network


def graph(section: params.Autodiff, rule: str) -> Graph:
    """Return the graph of one step of the network that is drawn, in float32."""
    f = network(section, section.widths).float()
    return step_graph(f, batch(section, section.widths[0], section.batch_size).float(), rule)


def tables(graphs: Mapping[str, Graph]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return nodes, with what only one rule has, and edges; a column names the rule."""
    nodes, edges = [], []
    for rule, of_rule in graphs.items():
        (other,) = (graph for name, graph in graphs.items() if name != rule)
        own = nodes_of_its_own(of_rule, other)
        frame = pd.DataFrame(of_rule.nodes).assign(own=[n.key in own for n in of_rule.nodes])
        nodes.append(frame.assign(rule=rule))
        edges.append(pd.DataFrame(of_rule.edges).assign(rule=rule))
    return pd.concat(nodes), pd.concat(edges)


def counts(graph: Graph) -> dict[str, int]:
    """Return the sizes of one rule's graph."""
    recorded = [node for node in graph.nodes if node.kind == "recorded"]
    unrecorded = [node for node in graph.nodes if node.kind == "unrecorded"]
    reached = [node.reached for node in graph.nodes if node.kind == "parameter"]
    return {
        "nodes": len(recorded) + len(reached),
        "parameters": len(reached),
        "ways_to_a_parameter": max(reached),
        "gradient_edges": sum(edge.kind == "gradient" for edge in graph.edges),
        "saved_bytes": sum(node.saved_bytes for node in recorded),
        "recorded_applications": len({node.application for node in recorded} - {0}),
        "unrecorded_applications": len({node.application for node in unrecorded} - {0}),
        "unrecorded_operations": len(unrecorded),
    }
