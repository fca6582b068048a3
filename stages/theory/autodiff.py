"""Stage autodiff: appendix C, the substitution rule as an automatic-differentiation rule.

What is drawn is read from autograd's own graph, and what is sent back is compared with the closed
forms, which are written with whole Jacobians. The mathematical note asks what the rule is the
gradient of, and at which maps it is stationary.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from idem.rule.loss import RULES, SCALES
from idem.sweeps.mlp import MLP
from idem.theory.graph import Graph
from idem.theory.symmetry import (
    parametrised,
)
from stages.common import params
from stages.common.files import write_csv, write_json, write_text
from stages.text.render import render
from stages.theory.asymmetries import asymmetries, symmetric_cases
from stages.theory.drawn import batch, matrix, network, normal, whitened
from stages.theory.fixed_points import (
    compromise,
    dead_unit,
    halved_spectrum,
    halving,
    linear,
    log10,
    sent_back,
)
from stages.theory.graphs import counts, graph, tables
from stages.theory.shown_code import SHOWN, code_of

TITLE = "Appendix C, the automatic differentiation rule"


def main() -> None:
    """Write the graphs as tables, the measurements, and the appendix for readers."""
    args = params.arguments("describe the rule as an automatic-differentiation rule")
    section = params.read(args.params, params.Laptop).autodiff
    graphs = {rule: graph(section, rule) for rule in RULES}
    nodes, edges = tables(graphs)
    found = measure(section, graphs)
    text = appendix(section, found)
    write_csv(args.metrics / "autodiff_nodes.csv", nodes)
    write_csv(args.metrics / "autodiff_edges.csv", edges)
    write_json(args.metrics / "autodiff.json", found)
    write_text(args.metrics / "appendix_c.md", text)


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
        "not_idempotent": stationary_maps(section, found),
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


def fixed_points(section: params.Autodiff) -> dict[str, Any]:
    """Return what was measured at maps that are stationary and not idempotent."""
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


def stationary_maps(section: params.Autodiff, found: Mapping[str, Any]) -> dict[str, int]:
    """Count the maps at which the rule is stationary, and those that are not idempotent."""
    points = found["fixed_points"].values()
    stationary = [point for point in points if point["log10_modified"] <= log10(section.tolerance)]
    errors = [point["idempotent_error"] for point in stationary]
    return {
        "examples": len(points),
        "confirmed": sum(error > section.tolerance for error in errors),
        "repelling": sum(point["leftmost_eigenvalue"] < -section.tolerance for point in stationary),
    }


def appendix(section: params.Autodiff, found: Mapping[str, Any]) -> str:
    """Return Appendix C as Markdown with LaTeX, from the measurements."""
    code = [code_of(thing) for thing in SHOWN]
    return render("appendix_c", title=TITLE, section=section, code=code, **found)


if __name__ == "__main__":
    main()
