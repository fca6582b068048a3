"""Stage autodiff: appendix C, the substitution rule as an automatic-differentiation rule.

What is drawn is read from autograd's own graph, and what is sent back is compared with the closed
forms, which are written with whole Jacobians. The mathematical note asks what the rule is the
gradient of, and where it stands still.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from idem.rule.loss import RULES, SCALES
from idem.sweeps.mlp import MLP, initial_parameters
from idem.theory.graph import Graph, nodes_of_its_own, step_graph
from idem.theory.symmetry import (
    asymmetry,
    parametrised,
    symmetric_matrices,
    update,
    update_jacobian,
)
from stages.common import params
from stages.common.files import write_csv, write_json, write_text
from stages.text.page import page
from stages.text.render import render
from stages.theory.fixed_points import (
    compromise,
    dead_unit,
    halved_spectrum,
    halving,
    linear,
    log10,
    sent_back,
)
from stages.theory.shown_code import SHOWN, code_of

TITLE = "Appendix C, the automatic differentiation rule"


def main() -> None:
    """Write the graphs as tables, the measurements, and the appendix for readers."""
    args = params.arguments("describe the rule as an automatic-differentiation rule")
    section = params.read(args.params).autodiff
    graphs = {rule: graph(section, rule) for rule in RULES}
    nodes, edges = tables(graphs)
    found = measure(section, graphs)
    text = appendix(section, found)
    write_csv(args.metrics / "autodiff_nodes.csv", nodes)
    write_csv(args.metrics / "autodiff_edges.csv", edges)
    write_json(args.metrics / "autodiff.json", found)
    write_text(args.metrics / "appendix_c.md", text)
    write_text(args.metrics / "appendix_c.html", page(text, title=TITLE))


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


def measure(section: params.Autodiff, graphs: Mapping[str, Graph]) -> dict[str, Any]:
    """Return every number of the appendix."""
    found = {
        "graphs": {rule: counts(graph) for rule, graph in graphs.items()},
        "log10_difference_from_closed_form": closed_form_differences(section),
        "symmetric_linear": symmetric_linear(section),
        "asymmetry": asymmetries(section),
        "fixed_points": fixed_points(section),
    }
    return found | {
        "C": agreement(found),
        "gradient_of_a_loss": symmetric_cases(section, found),
        "not_idempotent": standing_still(section, found),
    }


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


def closed_form_differences(section: params.Autodiff) -> dict[str, dict[str, float]]:
    """Return log10 of the largest difference of an element, by rule and scale, in float64."""
    f = network(section, section.widths)
    x = batch(section, section.widths[0], section.items)
    return {
        rule: {
            scale: log10(float((sent_back(f, x, rule, scale) - expected).abs().max()))
            for scale, expected in closed_forms(f, x, rule).items()
        }
        for rule in RULES
    }


def closed_forms(f: MLP, x: Tensor, rule: str) -> dict[str, Tensor]:
    """Return by scale what a rule sends to the parameters, item by item with whole Jacobians."""
    function, theta = parametrised(f)
    y = function(theta, x)
    u = function(theta, y)
    w = function(theta, u)
    of_parameters = torch.func.jacrev(function)
    through_x = of_parameters(theta, x)  # (B, n, p)
    if rule == "modified":
        total = torch.einsum("bnp,bn->p", through_x, y - 3 * u + 2 * w)
    else:
        J = torch.func.vmap(torch.func.jacrev(lambda item: function(theta, item)))(y)  # (B, n, n)
        at_y = torch.einsum("bmn,bm->bn", J, u - y) - (u - y)
        outer = torch.einsum("bnp,bn->p", of_parameters(theta, y), u - y)
        total = torch.einsum("bnp,bn->p", through_x, at_y) + outer
    factors = {"matched": 1.0, "sum": 2.0, "mean": 2 / x[0].numel()}
    return {scale: factors[scale] * total / len(x) for scale in SCALES}


def symmetric_linear(section: params.Autodiff) -> dict[str, float]:
    """Return how far both rules are from K − g(K), for a symmetric K and whitened input."""
    K, x = matrix(section, symmetric=True), whitened(section)
    step = (K - 3 * K @ K + 2 * K @ K @ K).flatten()
    differences = {rule: sent_back(linear(K), x, rule) - step for rule in RULES}
    return {f"log10_{rule}": log10(float(d.abs().max())) for rule, d in differences.items()}


def asymmetries(section: params.Autodiff) -> dict[str, dict[str, float]]:
    """Return ‖A − Aᵀ‖ / ‖A + Aᵀ‖ of the Jacobian A of either rule's update, case by case."""
    symmetric, general = (matrix(section, symmetric=s) for s in (True, False))
    white, plain = whitened(section), batch(section, section.size, section.items)
    directions = symmetric_matrices(section.size)
    cases = {
        "symmetric_whitened_symmetric_directions": (linear(symmetric), white, directions),
        "symmetric_whitened": (linear(symmetric), white, None),
        "general_whitened": (linear(general), white, None),
        "symmetric_not_whitened": (linear(symmetric), plain, None),
        "general_not_whitened": (linear(general), plain, None),
    }
    found = {
        name: {rule: asymmetry(update_jacobian(*parametrised(f), x, rule), Q) for rule in RULES}
        for name, (f, x, Q) in cases.items()
    }
    for name, widths in section.networks.items():
        found |= of_training(section, name, widths)
    return found


def of_training(
    section: params.Autodiff, name: str, widths: list[int]
) -> dict[str, dict[str, float]]:
    """Return the asymmetries of a network before and after training with the modified rule."""
    function, theta = parametrised(network(section, widths))
    x, found = batch(section, widths[0], section.items), {}
    for place, steps in (("start", 0), ("trained", section.steps)):
        for _ in range(steps):
            theta = theta - section.learning_rate * update(function, theta, x, "modified")
        y = function(theta, x)
        error = function(theta, y) - y
        jacobians = {rule: update_jacobian(function, theta, x, rule) for rule in RULES}
        found[f"{name}_{place}"] = {rule: asymmetry(A) for rule, A in jacobians.items()} | {
            "absolute_error": float(error.abs().mean())
        }
    return found


def fixed_points(section: params.Autodiff) -> dict[str, Any]:
    """Return what was measured at maps where the rule stands still, and that are not idempotent."""
    n, x = section.size, whitened(section)
    basis = torch.eye(n, dtype=torch.float64) + 0.5 * normal((section.seed, 3), n, n) / n**0.5
    return halved_spectrum(x, basis, section.gammas) | {
        "halving_network": halving(x, section.negative_slope),
        "dead_unit": dead_unit(),
        "compromise": compromise(section.negative_slope),
    }


def agreement(found: Mapping[str, Any]) -> dict[str, float]:
    """Return how far the code is from the closed forms, and what the ordinary rule's graph costs.

    The costs are in units of those of the modified rule.
    """
    by_rule = found["log10_difference_from_closed_form"]
    modified, ordinary = (found["graphs"][rule] for rule in ("modified", "ordinary"))
    return {
        "log10_largest_difference": max(max(scales.values()) for scales in by_rule.values()),
        "nodes_ratio": ordinary["nodes"] / modified["nodes"],
        "saved_bytes_ratio": ordinary["saved_bytes"] / modified["saved_bytes"],
    }


def symmetric_cases(section: params.Autodiff, found: Mapping[str, Any]) -> dict[str, Any]:
    """Count the cases in which the Jacobian is symmetric under either rule, as of a gradient.

    The restriction to symmetric matrices is the one case in which a theorem makes it one.
    """
    cases = found["asymmetry"]
    symmetric = {
        rule: [name for name, of_case in cases.items() if of_case[rule] <= section.tolerance]
        for rule in RULES
    }
    others = [cases[name]["modified"] for name in cases if name not in symmetric["modified"]]
    restricted = "symmetric_whitened_symmetric_directions"
    return {
        "modified_on_symmetric_matrices": restricted in symmetric["modified"],
        "modified_in_general": not others,
        "ordinary_in_general": len(symmetric["ordinary"]) == len(cases),
        "symmetric_cases": {rule: len(names) for rule, names in symmetric.items()},
        "cases": len(cases),
        "least_asymmetry_elsewhere": min(others, default=0.0),
    }


def standing_still(section: params.Autodiff, found: Mapping[str, Any]) -> dict[str, int]:
    """Count the maps at which the rule stands still, and those that are not idempotent."""
    points = found["fixed_points"].values()
    still = [point for point in points if point["log10_modified"] <= log10(section.tolerance)]
    errors = [point["idempotent_error"] for point in still]
    return {
        "examples": len(points),
        "confirmed": sum(error > section.tolerance for error in errors),
        "repelling": sum(point["leftmost_eigenvalue"] < -section.tolerance for point in still),
    }


def appendix(section: params.Autodiff, found: Mapping[str, Any]) -> str:
    """Return Appendix C as Markdown with LaTeX, from the measurements."""
    code = [code_of(thing) for thing in SHOWN]
    return render("appendix_c", title=TITLE, section=section, code=code, **found)


def network(section: params.Autodiff, widths: list[int]) -> MLP:
    """Return a LeakyReLU network in float64 at PyTorch's default initialisation."""
    f = MLP(widths, section.negative_slope).double()
    draw = torch.Generator().manual_seed(section.seed)
    start = initial_parameters(widths, "default", section.negative_slope, draw)
    values = [tensor for layer in start for tensor in layer]
    with torch.no_grad():
        for parameter, value in zip(f.parameters(), values, strict=True):
            parameter.copy_(value)
    return f


def batch(section: params.Autodiff, n: int, items: int) -> Tensor:
    """Return standard normal items, (items, n)."""
    return normal((section.seed, 1), items, n)


def whitened(section: params.Autodiff) -> Tensor:
    """Return items of which the second moment is the identity."""
    x = batch(section, section.size, section.items)
    root = torch.linalg.cholesky(x.mT @ x / len(x))
    return torch.linalg.solve_triangular(root, x.mT, upper=False).mT


def matrix(section: params.Autodiff, *, symmetric: bool) -> Tensor:
    """Return a random matrix with entries of standard deviation 1/√n."""
    n = section.size
    K = normal((section.seed, 2), n, n) / n**0.5
    return (K + K.mT) / 2 if symmetric else K


def normal(key: tuple[int, ...], *size: int) -> Tensor:
    """Return standard normal numbers in float64 that depend on the key alone."""
    return torch.from_numpy(np.random.default_rng(key).standard_normal(size))


if __name__ == "__main__":
    main()
