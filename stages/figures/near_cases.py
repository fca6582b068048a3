"""Starts near a projection as figures and tables show them: their names, and the ratios."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from idem.figures import style
from stages.common import params
from stages.published.curves import RULES


def ratios(
    path: Path, cases: Mapping[str, Any], named: Callable[[Any], dict[str, str]]
) -> pd.DataFrame:
    """Return a row a case: name, steps, the rules' ratio with its interval, and predicted edges.

    Args:
        path: of near.json, or of centring.json.
        cases: of the parameters, by the names in that file.
        named: returns what they are called: `names_of`, or `centred_names_of`.
    """
    found = json.loads(path.read_text(encoding="utf-8"))
    names = named({case: cases[case] for case in found})
    return pd.DataFrame(
        {"case": case, "name": names[case], "steps": of["steps"]}
        | of["modified_over_ordinary"]
        | {f"edge_{rule}": (of["predicted_edge"] or {}).get(rule, math.nan) for rule in RULES}
        for case, of in found.items()
    )


def names_of(cases: Mapping[str, params.Start]) -> dict[str, str]:
    """Return what starts near a projection are called: their size, and in what they differ."""
    differ = len({case.noise for case in cases.values()}) > 1
    names = {}
    for key, case in cases.items():
        words = [f"n = {case.width}", f"bias {case.bias:g}"]
        words += [f"noise {case.noise:g}"] if differ else []
        names[key] = ", ".join([*words, *in_what_it_differs(case)])
    return names


def in_what_it_differs(case: params.Start) -> list[str]:
    """Return in what a start is not one layer of LeakyReLU under SGD that loses one dimension."""
    words = [f"{case.layers} layers"] if case.layers > 1 else []
    words += [f"rank {case.width - case.null_dimension}"] if case.null_dimension > 1 else []
    words += ["linear"] if case.negative_slope == 1 else []
    return words + (["Adam"] if case.optimizer == "adam" else [])


def centred_names_of(cases: Mapping[str, params.CentredCase]) -> dict[str, str]:
    """Return what cases of stage `centring` are called: size, data, what is centred and trained."""
    return {key: ", ".join(_of_centred(case)) for key, case in cases.items()}


def _of_centred(case: params.CentredCase) -> list[str]:
    layers = len(case.centres)
    centred = [layer for layer, centre in enumerate(case.centres, start=1) if centre]
    words = [f"n = {case.width}", style.counted(layers, "layer")]
    words += [f"data's mean {case.input_mean:g}"] if case.input_mean else []
    words += [f"{_some(centred, layers)}centred"] if centred else []
    alone = len(case.trained) < layers
    return words + ([f"{_some(case.trained, layers)}trained alone"] if alone else [])


def _some(chosen: Sequence[int], layers: int) -> str:
    """Return ``layer 2`` or ``layers 2 and 3``, with a space; nothing if they are all."""
    if len(chosen) == layers:
        return ""
    return f"layer{'s' * (len(chosen) > 1)} {' and '.join(map(str, chosen))} "
