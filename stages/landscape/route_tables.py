"""The tables of the page about routes; what they mean is in its template."""

import math
from typing import Any

from stages.common import params
from stages.text.markdown import Table
from stages.text.render import render

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
DIRECTIONS = {
    "cosine_at_start": "start",
    "cosine_of_weights_at_start": "weights",
    "cosine_of_biases_at_start": "biases",
    "cosine_of_two_batches_at_start": "two batches",
    "cosine_along_modified": "along modified",
    "cosine_along_ordinary": "along ordinary",
    "norm_ratio_at_start": "norm ratio",
    "bias_share_modified_at_start": "bias share, modified",
    "bias_share_ordinary_at_start": "bias share, ordinary",
}
SOLUTIONS = {  # heading and format
    "loss": ("loss", "{:.2g}"),
    "spread_share": ("spread", "{:.2g}"),
    "constant_runs": ("constant runs", "{}"),
    "fixed_dimension": ("eigenvalues near 1", "{:.2f}"),
    "jacobian_trace": ("trace", "{:.2f}"),
    "effective_rank": ("rank", "{:.1f}"),
    "distance_from_projector": ("from {0, 1}", "{:.2g}"),
    "distance_from_projector_at_start": ("at the start", "{:.2g}"),
    "fixed_share_of_outputs": ("outputs fixed", "{:.0%}"),
    "amplification_function": ("amplification", "{:.2g}"),
}
Studies = dict[str, Any]


def page(section: params.Trajectory, found: dict[str, Any]) -> str:
    """Return the page, Markdown, from the content of the stage's JSON file."""
    studies = found["studies"]
    return render(
        "trajectory",
        section=section,
        setting=setting(studies),
        directions=directions(found),
        distances=distances(studies),
        in_plane=in_plane(studies),
        barriers=barriers(studies),
        solutions=solutions(studies),
    )


def setting(studies: Studies) -> Table:
    """Return runs, steps and rates of every study."""
    rows = [
        [name, f"{study['runs']}", f"{study['steps']}"]
        + [f"{rate:g}" for rate in study["learning_rates"].values()]
        for name, study in studies.items()
    ]
    return Table(["", "runs", "steps", "rate, modified", "rate, ordinary"], rows)


def directions(found: dict[str, Any]) -> Table:
    """Return the cosines between the updates of the rules, and their norms and biases."""
    of_all = {name: study["gradients"] for name, study in found["studies"].items()}
    rows = [
        [name, *(f"{numbers[key]:.2f}" for key in DIRECTIONS)]
        for name, numbers in (of_all | found["gradients"]).items()
    ]
    return Table(["", *DIRECTIONS.values()], rows)


def distances(studies: Studies) -> Table:
    """Return the distances between the rules, of the controls, and their ratio."""
    rows = []
    for name, study in studies.items():
        for key, what in (("routes", "route"), ("ends", "ends")):
            for space in ("function", "parameters"):
                of = study["distances"][f"{space}_{key}"]
                between = [of["between_rules"], *map(of["controls"].get, CONTROLS)]
                cells = ("" if value is None else f"{value:.2f}" for value in between)
                rows.append([name, f"{what}, {space}", *cells, _times(of)])
    return Table(["", "distance", "between rules", *CONTROLS.values(), "ratio"], rows)


def in_plane(studies: Studies) -> Table:
    """Return what share of the displacement lies in the plane through start and both ends."""
    shares = {name: study["share_in_plane"] for name, study in studies.items()}
    rows = [[name, f"{of['median']:.0%}", f"{of['least']:.0%}"] for name, of in shares.items()]
    return Table(["", "in the plane", "least"], rows)


def barriers(studies: Studies) -> Table:
    """Return the barriers between solutions."""
    rows = [
        [words, *(_barrier(study["barriers"].get(pair)) for study in studies.values())]
        for pair, words in PAIRS.items()
    ]
    return Table(["", *studies], rows)


def solutions(studies: Studies) -> Table:
    """Return what the solutions of either rule are."""
    rows = [
        [f"{name}, {rule}", *(form.format(of_rule[key]) for key, (_, form) in SOLUTIONS.items())]
        for name, study in studies.items()
        for rule, of_rule in study["solutions"].items()
    ]
    return Table(["", *(head for head, _ in SOLUTIONS.values())], rows)


def _times(of: dict[str, Any]) -> str:
    ratio, low, high = (10 ** of[key] for key in ("log10_ratio", "low", "high"))
    return f"×{ratio:.2g} ({f'{low:.2g} to {high:.2g}' if math.isfinite(low) else 'one run'})"


def _barrier(found: dict[str, float] | None) -> str:
    return f"{found['median']:.2g} ({found['share_of_runs_with_one']:.0%})" if found else ""
