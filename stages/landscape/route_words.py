"""What stage trajectory found, as a page of text: numbers in tables, and how to read them."""

import math
from typing import Any

from stages.common import params
from stages.text.markdown import table

CONTROLS = {
    "data": "other data",
    "half_rate": "half the rate",
    "other_rate": "the slower rule's rate",
}
PAIRS = {
    "rules": "the two rules, same start and data",
    "data_modified": "modified, other data",
    "data_ordinary": "ordinary, other data",
    "starts_modified": "modified, other start and data",
    "starts_ordinary": "ordinary, other start and data",
}


def words(section: params.Trajectory, found: dict[str, Any]) -> str:
    """Return the page, Markdown."""
    parts = [
        "# Do the two rules travel different routes in the loss landscape?",
        _answer(found["Q1"]),
        _setting(found),
        "## Directions",
        _directions(found),
        "## Distances",
        _distances(found["studies"]),
        "## Between the solutions",
        _barriers(section, found["studies"]),
        "## What the solutions are",
        _solutions(section, found["studies"]),
    ]
    return "\n\n".join(parts) + "\n"


def _answer(found: dict[str, Any]) -> str:
    routes, ends = (
        ", ".join(f"{name} {verdict}" for name, verdict in found[measure].items())
        for measure in ("routes", "ends")
    )
    return f"**{found['verdict']}.** By study, routes: {routes}. Ends: {ends}."


def _setting(found: dict[str, Any]) -> str:
    studies = [
        f"{name}: {study['runs']} runs of {study['steps']} steps, rates "
        + ", ".join(f"{rate:g} {rule}" for rule, rate in study["learning_rates"].items())
        for name, study in found["studies"].items()
    ]
    return (
        "Both rules train by SGD from the same start on the same batches, at the matched scale ("
        + "; ".join(studies)
        + "). The controls are the same rule from the same start on other data, and on the same "
        "data at half the rate and, for the rule with the higher one, at the other's rate."
    )


def _directions(found: dict[str, Any]) -> str:
    names = (
        "cosine_at_start",
        "cosine_of_weights_at_start",
        "cosine_of_biases_at_start",
        "cosine_of_two_batches_at_start",
        "cosine_along_modified",
        "cosine_along_ordinary",
        "norm_ratio_at_start",
        "bias_share_modified_at_start",
        "bias_share_ordinary_at_start",
    )
    heads = ("", "start", "weights", "biases", "two batches", "along modified", "along ordinary")
    rows = [
        (name, *(f"{numbers[key]:.2f}" for key in names))
        for name, numbers in (
            *((name, study["gradients"]) for name, study in found["studies"].items()),
            *found["gradients"].items(),
        )
    ]
    shares = ("bias share, modified", "bias share, ordinary")
    return (
        table((*heads, "norm ratio", *shares), rows)
        + "\n\nMedian cosine of the angle between the updates of the rules at the same parameters "
        "on the same batch: at the start (whole, weights alone, biases alone; beside it, that of "
        "one rule on two batches), and along either route. Norm ratio: modified over ordinary, at "
        "the start. Bias share: of the squared update. Near a constant map, idempotent whatever "
        "its constant, the two applications of f send opposite gradients to that constant under "
        "the ordinary loss; the modified rule goes back through the first application alone, and "
        "so moves the constant too."
    )


def _distances(studies: dict[str, Any]) -> str:
    rows = []
    for name, study in studies.items():
        for key, what in (("routes", "route"), ("ends", "ends")):
            for space in ("function", "parameters"):
                of = study["distances"][f"{space}_{key}"]
                times = f"×{10 ** of['log10_ratio']:.2g}"
                if math.isfinite(of["low"]):
                    times += f" ({10 ** of['low']:.2g} to {10 ** of['high']:.2g})"
                else:
                    times += " (one run)"
                between = [of["between_rules"], *map(of["controls"].get, CONTROLS)]
                cells = ("" if value is None else f"{value:.2f}" for value in between)
                rows.append((name, f"{what}, {space}", *cells, times, of["verdict"]))
    in_plane = {name: study["share_in_plane"] for name, study in studies.items()}
    shares = ", ".join(
        f"{name} {share['median']:.0%} (least {share['least']:.0%})"
        for name, share in in_plane.items()
    )
    return (
        table(("", "distance", "between rules", *CONTROLS.values(), "ratio", ""), rows)
        + "\n\nIn units of the distance travelled from the start, medians over runs; a control is "
        "the larger of the two rules', and the ratio that to the largest control of each run. "
        "Route: from points of a route to the nearest of the other, as far as both reach in rate "
        "times steps; a larger step cuts more corners, so that one rule at two rates has a "
        "distance too. Ends: after as many steps, so that a lower rate has not got as far. "
        "Function: of the outputs on items that nothing is trained on. The plane through start and "
        f"both ends holds of the squared displacement along the way, in the median: {shares}."
    )


def _barriers(section: params.Trajectory, studies: dict[str, Any]) -> str:
    rows = [
        (PAIRS[pair], *(_barrier(study["barriers"].get(pair)) for study in studies.values()))
        for pair in PAIRS
    ]
    return (
        table(("", *studies), rows)
        + "\n\nHow far the loss rises above the line between two solutions' losses, in units of "
        "the loss at the start: median over runs, and the share of runs in which it is above "
        f"{section.least_barrier:g}."
    )


def _barrier(found: dict[str, float] | None) -> str:
    if found is None:
        return ""
    return f"{found['median']:.2g} ({found['share_of_runs_with_one']:.0%})"


def _solutions(section: params.Trajectory, studies: dict[str, Any]) -> str:
    formats = {
        "loss": "{:.2g}",
        "spread_share": "{:.2g}",
        "constant_runs": "{}",
        "fixed_dimension": "{:.2f}",
        "jacobian_trace": "{:.2f}",
        "effective_rank": "{:.1f}",
        "distance_from_projector": "{:.2g}",
        "distance_from_projector_at_start": "{:.2g}",
        "fixed_share_of_outputs": "{:.0%}",
        "amplification_function": "{:.2g}",
    }
    rows = [
        (f"{name}, {rule}", *(form.format(of_rule[key]) for key, form in formats.items()))
        for name, study in studies.items()
        for rule, of_rule in study["solutions"].items()
    ]
    heads = ("", "loss", "spread", "constant runs", "eigenvalues near 1", "trace", "rank")
    more = ("from {0, 1}", "at the start", "outputs fixed", "amplification")
    return (
        table((*heads, *more), rows)
        + "\n\nSpread: of the outputs, in units of that at the start; a run is called constant "
        f"below {section.constant_below:g}. Of the Jacobian at outputs f(x): how many eigenvalues "
        "are nearer to 1 than to 0, the trace (both means over items and runs), the effective rank "
        "(which a map that is all but constant has too), and how far the farthest eigenvalue is "
        "from the nearer of 0 and 1, at the end and at the start. Outputs fixed: the share that "
        f"one more application moves by at most {section.fixed_tolerance:.0%}. Amplification: what "
        "training multiplies the distance between the outputs of two starts by, that are "
        f"{section.perturbation:g} of their norm apart. Medians over runs, where nothing else is "
        "said."
    )
