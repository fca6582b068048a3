"""The tables of the page about the latent space; what they mean is in its template."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from stages.common.params import Latent
from stages.text.markdown import Table
from stages.text.render import render

MODES = {"eval": "evaluation mode", "train": "training mode"}
KINDS = {"noise": "noise z"}  # of images, where the page has another name
CLOUDS = {"distance": "{:.2g}", "variance": "{:.2g}", "dimension": "{:.0f}"}
JACOBIAN = {  # heading and format
    "relative_change": ("moves by", "{:.2g}"),
    "near_one": ("near 1", "{:.0%}"),
    "near_zero": ("near 0", "{:.0%}"),
    "trace": ("trace", "{:.1f}"),
    "fixed_dimension": ("above ½", "{:.1f}"),
    "largest_modulus": ("largest", "{:.2f}"),
    "effective_rank": ("rank", "{:.1f}"),
    "largest_singular_value": ("largest singular value", "{:.2f}"),
    "departure": ("‖J² − J‖ / ‖J‖", "{:.2f}"),
    "composition": ("‖J(f(y)) J − J‖ / ‖J‖", "{:.2f}"),
}
PATHS = {
    "relative_error": "‖f(y) − y‖",
    "evenness": "evenness",
    "confidence": "confidence",
    "class_entropy": "class entropy",
}
Models = Mapping[str, Any]


def page(section: Latent, found: Mapping[str, Any], note: str) -> str:
    """Return the page, Markdown.

    Args:
        section: how much was measured.
        found: the content of the stage's JSON file.
        note: on which images it rests, where these are not all; or empty.
    """
    modes = {}
    for mode, name in MODES.items():
        models = {model: of_modes[mode] for model, of_modes in found["models"].items()}
        modes[name] = {
            "clouds": clouds(models),
            "jacobians": jacobians(models),
            "paths": paths(models),
        }
    return render("latent", section=section, modes=modes, note=note)


def clouds(models: Models) -> Table:
    """Return distance from the data's, variance and dimension of every cloud of codes."""
    kinds = list(next(iter(models.values()))["clouds"])
    rows = [
        [f"{model}, {measure}", *_cells((of["clouds"][kind][measure] for kind in kinds), form)]
        for model, of in models.items()
        for measure, form in CLOUDS.items()
    ]
    return Table(["", *(KINDS.get(kind, kind) for kind in kinds)], rows)


def jacobians(models: Models) -> Table:
    """Return what the Jacobian is at f(z), and after many more applications."""
    found = [
        (m, place, of_place)
        for m, of in models.items()
        for place, of_place in of["jacobian"].items()
    ]
    keys = [key for key in JACOBIAN if any(key in of_place for *_, of_place in found)]
    rows = [
        [f"{model}, {'f(z)' if place == 'f^1' else f'{place}(z)'}"]
        + [_cell(of_place.get(key), JACOBIAN[key][1]) for key in keys]
        for model, place, of_place in found
    ]
    return Table(["", *(JACOBIAN[key][0] for key in keys)], rows)


def paths(models: Models) -> Table:
    """Return what lies along every path between samples; of classes where there are some."""
    found = [(m, p, of_path) for m, of in models.items() for p, of_path in of["paths"].items()]
    keys = [key for key in PATHS if any(key in of_path for *_, of_path in found)]
    rows = [
        [f"{m}, {p}", *(_cell(of[key], "{:.2f}") if key in of else "" for key in keys)]
        for m, p, of in found
    ]
    return Table(["", *(PATHS[key] for key in keys)], rows)


def _cells(values: Iterable[float | None], form: str) -> list[str]:
    return [_cell(value, form) for value in values]


def _cell(value: float | None, form: str) -> str:
    return "–" if value is None or math.isnan(value) else form.format(float(value))
