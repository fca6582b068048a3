"""What stage latent found, as a page of text: numbers in tables, and how to read them."""

import math
from collections.abc import Mapping
from typing import Any

from stages.common.params import Latent
from stages.text.markdown import table

MODE_NAMES = {"eval": "evaluation mode", "train": "training mode"}
REGIONS = {"data": "data", "other data": "other data", "noise": "noise z"}
COLUMNS = {  # of the Jacobian: heading and format
    "relative_change": ("moves by", "{:.2g}"),
    "near_one": ("near 1", "{:.0%}"),
    "near_zero": ("near 0", "{:.0%}"),
    "trace": ("trace", "{:.1f}"),
    "fixed_dimension": ("above ½", "{:.1f}"),
    "largest_modulus": ("largest", "{:.2f}"),
    "effective_rank": ("rank", "{:.1f}"),
    "largest_singular_value": ("largest singular value", "{:.2f}"),
    "departure": ("‖J² − J‖ / ‖J‖", "{:.2f}"),
}


def words(section: Latent, found: Mapping[str, Any]) -> str:
    """Return the page, Markdown."""
    parts = ["# Latent-space analysis", _answer(found["Q2"])]
    for mode, name in MODE_NAMES.items():
        models = {model: of_modes[mode] for model, of_modes in found["models"].items()}
        parts += [
            f"## BatchNorm in {name}",
            "### Codes",
            _clouds(section, models, mode),
            "### The Jacobian at samples",
            _jacobians(section, models),
            "### Between two samples",
            _paths(section, {m: of["paths"] for m, of in models.items() if of["paths"]}),
        ]
    return "\n\n".join(parts) + "\n"


def answer_in_words(found: Mapping[str, Any]) -> str:
    """Return the answer as a verdict: what holds of which models."""
    projection = _by_word(found["projection"], "projection around samples")
    approach = _by_word(found["approach"], "codes of f(z) nearer to the data's than those of noise")
    return f"{projection}; {approach}"


def _by_word(found: Mapping[str, str], what: str) -> str:
    words = list(dict.fromkeys(found.values()))
    if len(words) == 1:
        return f"{what}: {words[0]}"
    models = {word: [m for m, given in found.items() if given == word] for word in words}
    return f"{what}: " + ", ".join(f"{word} ({', '.join(m)})" for word, m in models.items())


def _answer(found: Mapping[str, Any]) -> str:
    counted = f"{found['seeds']} seed{'s' * (found['seeds'] != 1)} a model"
    return f"**{_capital(answer_in_words(found))}** ({MODE_NAMES[found['mode']]}, {counted})."


def _clouds(section: Latent, models: Mapping[str, Any], mode: str) -> str:
    kinds = list(next(iter(models.values()))["clouds"])
    heads = ("", *(f"{REGIONS.get(kind, kind)}" for kind in kinds))
    rows = []
    for model, of_model in models.items():
        cells = [of_model["clouds"][kind] for kind in kinds]
        rows.append((f"{model}, distance", *(f"{_n(c['distance']):.2g}" for c in cells)))
        rows.append((f"{model}, variance", *(f"{_n(c['variance']):.2g}" for c in cells)))
        rows.append((f"{model}, dimensions", *(f"{_n(c['dimension']):.0f}" for c in cells)))
    note = (
        "Fréchet distance of the codes from those of data and variance of the codes, both in units "
        "of the variance of the codes of data; principal components that hold "
        f"{section.variance_share:.0%} of their variance. Means over seeds, {section.images} "
        "images of each kind; “other data” is the floor of the distance."
    )
    if mode == "train":
        note += (
            " Where BatchNorm is on the code too, codes of any batch have the same mean and "
            "variance in every direction here: only correlations and tails are left to differ."
        )
    return "\n\n".join((table(heads, rows), note, _comments(section, models, _cloud_comment)))


def _cloud_comment(section: Latent, model: str, found: Mapping[str, Any]) -> str:
    clouds = found["clouds"]
    noise, once, twice = (_n(clouds[k]["distance"]) for k in ("noise", "f(z)", "f(f(z))"))
    floor = _n(clouds["other data"]["distance"])
    return (
        f"{_capital(model)}: one application takes codes of noise {_moved(section, noise, once)} "
        f"those of data (distance {noise:.2g} to {once:.2g}), a second one "
        f"{_moved(section, once, twice)} them ({twice:.2g}, at a floor of {floor:.2g}); codes of "
        f"f(z) spread over {_n(clouds['f(z)']['dimension']):.0f} dimensions, those of data over "
        f"{_n(clouds['data']['dimension']):.0f}."
    )


def _moved(section: Latent, before: float, after: float) -> str:
    if _lower(section, after, before):
        return "nearer to"
    return "away from" if _lower(section, before, after) else "no nearer to"


def _lower(section: Latent, a: float, b: float) -> bool:
    """Return whether a is lower than b by the least effect."""
    return a * 10**section.least_effect <= b


def _jacobians(section: Latent, models: Mapping[str, Any]) -> str:
    rows = []
    for model, found in models.items():
        for place, jacobian in found["jacobian"].items():
            cells = (form.format(_n(jacobian[key])) for key, (_, form) in COLUMNS.items())
            rows.append((f"{model}, {_place(place)}", *cells))
    note = (
        "The Jacobian J of f at f(z) and after more applications: how far one more moves that "
        "image, of its norm; the shares of the eigenvalues that pass through the code which are "
        f"within {section.tolerance:g} of 1 and of 0; their sum; how many have a real part above "
        "½; the largest modulus; effective rank and largest singular value; and the distance from "
        "a projection. Were f idempotent, all eigenvalues would be near 0 or 1, trace and number "
        "above ½ the dimension of the learned manifold, and the last column 0. Medians over "
        f"{section.points} images, means over seeds. A map may move its outputs little and yet "
        "have another Jacobian: the training losses ask for values, not for derivatives."
    )
    heads = ("", *(head for head, _ in COLUMNS.values()))
    return "\n\n".join((table(heads, rows), note, _comments(section, models, _jacobian_comment)))


def _jacobian_comment(section: Latent, model: str, found: Mapping[str, Any]) -> str:
    places = list(found["jacobian"].items())
    once, (last_name, last) = places[0][1], places[-1]
    departure, change = _n(once["departure"]), _n(last["relative_change"])
    verdict = "is" if departure <= section.projection_below else "is not"
    shares = _n(once["near_one"]) + _n(once["near_zero"])
    text = (
        f"{_capital(model)}: around f(z) f {verdict} a projection ({departure:.2g}); "
        f"{shares:.0%} of the eigenvalues are near 0 or 1, the trace is {_n(once['trace']):.1f}. "
    )
    radius = _n(last["largest_modulus"])
    if change > 0.01:
        return text + f"After {last_name[2:]} applications an image still moves by {change:.1%}."
    if radius < 1 - section.tolerance:
        kind = "an isolated point: all eigenvalues are inside the unit circle"
    elif radius <= 1 + section.tolerance:
        kind = "neutral in some directions, as on a manifold of fixed points"
    else:
        kind = "not attracting: some directions are enlarged"
    return text + (
        f"After {last_name[2:]} applications an image moves by {change:.1g}, and the place is "
        f"{kind} (largest modulus {radius:.2f}, {_n(last['fixed_dimension']):.1f} above ½)."
    )


def _paths(section: Latent, models: Mapping[str, Any]) -> str:
    with_classes = any("confidence" in rows for of in models.values() for rows in of.values())
    heads = ["", "‖f(y) − y‖", "evenness"]
    heads += ["confidence", "class entropy"] if with_classes else []
    rows = []
    for model, of_model in models.items():
        for path, found in of_model.items():
            even = f"{_n(found['evenness']):.2f}" if "evenness" in found else ""
            cells = [f"{model}, {path}", f"{_n(found['relative_error']):.2f}", even]
            if with_classes:
                cells += [f"{_n(found[key]):.2f}" for key in ("confidence", "class_entropy")]
            rows.append(cells)
    note = (
        f"Means over the inner images of {section.pairs} paths of {section.steps} images between "
        "two samples, and at their ends; ‖f(y) − y‖ in units of the spread of the samples; "
        "evenness is the mean over the largest step between neighbours, 1 for equal steps"
    )
    note += "; class entropy in nats." if with_classes else "."
    return "\n\n".join((table(heads, rows), note, _comments(section, models, _path_comment)))


def _path_comment(section: Latent, model: str, found: Mapping[str, Any]) -> str:
    straight, pixels, ends = (found[path] for path in ("code, straight", "pixels", "ends"))
    code, blend, end = (_n(part["relative_error"]) for part in (straight, pixels, ends))
    nearer = "nearer to fixed than" if _lower(section, code, blend) else "no nearer to fixed than"
    text = (
        f"{_capital(model)}: images decoded along the code are {nearer} blends of pixels "
        f"({code:.2f} against {blend:.2f}; the ends {end:.2f})"
    )
    if "confidence" in straight:
        text += (
            f", and the classifier is sure of them at {_n(straight['confidence']):.2f} against "
            f"{_n(pixels['confidence']):.2f} (the ends {_n(ends['confidence']):.2f})"
        )
    return text + "."


def _comments(section: Latent, models: Mapping[str, Any], comment: Any) -> str:
    return "\n".join(f"- {comment(section, model, found)}" for model, found in models.items())


def _place(key: str) -> str:
    return "f(z)" if key == "f^1" else f"{key}(z)"


def _n(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
