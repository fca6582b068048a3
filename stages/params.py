"""What params.yaml may contain: one class a stage, checked before any work.

A value has no default here: params.yaml is the only place that holds one, so that changing this
file cannot change a result.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0)]
T = TypeVar("T")
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A section of params.yaml: unknown keys and wrong types are errors, nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Derive(Section):
    """Appendix A: the corrector families."""

    orders: Annotated[list[Annotated[int, Field(ge=1, le=3)]], Field(min_length=1)]
    max_degree: Annotated[int, Field(ge=2, le=10)]


class Linear(Section):
    """The recurrence study and Figures 1 and 2."""

    seed: Seed


class Network(Section):
    """One network of the sweep: its widths and the grid it is trained on."""

    widths: Annotated[list[Count], Field(min_length=2)]
    learning_rates: Annotated[list[Positive], Field(min_length=1)]
    runs: Count
    steps: Count
    log_every: Count


class Sweep(Section):
    """B1 to B4 under both rules (section 3, Figures 3 and 4)."""

    seed: Seed
    batch_size: Count
    negative_slope: Positive
    initialization: Literal["default", "kaiming_normal", "orthogonal"]
    diverged_above: Positive
    networks: Annotated[dict[str, Network], Field(min_length=1)]


class Prepare(Section):
    """MNIST as padded uint8 arrays."""

    image_size: Annotated[int, Field(ge=28)]


class Classifier(Section):
    """The classifier whose features the Frechet distance uses."""

    seed: Seed
    epochs: Count
    batch_size: Count
    learning_rate: Positive


class Train(Section):
    """U-DCGAN training (section 3.1)."""

    seeds: Annotated[list[Seed], Field(min_length=1)]


class Evaluate(Section):
    """Measurements of the trained U-DCGANs and the samples of Figure 5."""

    seed: Seed


class Params(Section):
    """The whole of params.yaml."""

    derive: Derive
    linear: Linear
    sweep: Sweep
    prepare: Prepare
    classifier: Classifier
    train: Train
    evaluate: Evaluate


def read(path: Path) -> Params:
    """Read and check a whole parameter file; on the first wrong value, say all that is wrong.

    Raises:
        SystemExit: with one line a fault, naming file, key, what was expected and what was got.
    """
    try:
        return Params.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        _fail([f"{path}: no such file; run from the top of the repository"])
    except yaml.YAMLError as error:
        _fail([f"{path}: not valid YAML: {' '.join(str(error).split())}"])
    except ValidationError as error:
        _fail([_describe(path, fault) for fault in error.errors()])


def arguments(description: str, **positional: str) -> argparse.Namespace:
    """Parse a stage's command line: its positional words, `--params FILE` and `--metrics DIR`."""
    parser = argparse.ArgumentParser(description=description)
    for name, meaning in positional.items():
        parser.add_argument(name, help=meaning)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--metrics", type=Path, default=Path("metrics/laptop"))
    return parser.parse_args()


def choose(options: Mapping[str, T], name: str, kind: str) -> T:
    """Return `options[name]`, or stop with the list of valid names."""
    if name not in options:
        _fail([f"unknown {kind} {name!r}: expected one of {', '.join(options)}"])
    return options[name]


def _describe(path: Path, fault: Any) -> str:
    key = ".".join(str(part) for part in fault["loc"]) or "(whole file)"
    if fault["type"] == "missing":
        return f"{path}: {key}: missing; expected a value here"
    if fault["type"] == "extra_forbidden":
        return f"{path}: {key}: unknown key, got {fault['input']!r}; remove it or check its spelling"
    expected = fault["msg"].replace("Input should be ", "")
    return f"{path}: {key}: expected {expected}, got {fault['input']!r}"


def _fail(lines: list[str]) -> NoReturn:
    sys.exit("\n".join(lines))
