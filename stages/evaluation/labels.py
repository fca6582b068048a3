"""What tells apart the rows of the generative tables, and which part of a data set they are of."""

import json
from pathlib import Path
from typing import Any

RUN = ["model", "seed", "weights", "mode"]
KINDS = ("raw", "ema", "best")  # of weights
MODES = ("train", "eval")  # of BatchNorm
CONTROL = "none"  # weights and mode of what no network made


def subset(metrics: Path, dataset: str) -> str:
    """Return which part of a data set that comes in parts there was; nothing where it is whole."""
    path = metrics / f"prepare_{dataset}.json"
    return json.loads(path.read_text(encoding="utf-8")).get("data", "") if path.exists() else ""


def labelled(numbers: dict[str, Any], note: str) -> dict[str, Any]:
    """Return the numbers behind what `subset` says of the data, if it says something."""
    return {"data": note} | numbers if note else numbers
