"""How far the Jacobian of what a rule sends back is from that of a gradient, case by case."""

from collections.abc import Mapping
from typing import Any

from idem.rule.loss import RULES
from idem.theory.symmetry import (
    asymmetry,
    parametrised,
    symmetric_matrices,
    update,
    update_jacobian,
)
from stages.common import params
from stages.theory.drawn import batch, matrix, network, whitened
from stages.theory.fixed_points import linear


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
