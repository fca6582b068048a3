"""Read a stage's command line and its parameter file; stop with one clear line a fault."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML, YAMLError

from stages.common.params.pipelines import PIPELINES, Pipeline, file_of

T = TypeVar("T")
P = TypeVar("P", bound=Pipeline)


class Arguments(argparse.Namespace):
    """A stage's command line; its positional words by their names."""

    params: Path
    metrics: Path

    @property
    def units(self) -> Path | None:
        """Where finished units are kept: beside the results, but for the laptop's short ones."""
        return None if _pipeline(self.params) == "laptop" else self.metrics / "units"


def arguments(
    description: str, flags: Mapping[str, str] = MappingProxyType({}), **positional: str
) -> Arguments:
    """Parse a stage's command line: its positional words, `--params FILE` and `--metrics DIR`.

    Args:
        description: of the stage.
        flags: what each option means that is given or not, by its name.
        positional: what each word means, by its name.
    """
    parser = argparse.ArgumentParser(description=description)
    for name, meaning in positional.items():
        parser.add_argument(name, help=meaning)
    for name, meaning in flags.items():
        parser.add_argument(f"--{name.replace('_', '-')}", action="store_true", help=meaning)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--metrics", type=Path, default=Path("metrics/laptop"))
    return parser.parse_args(namespace=Arguments())


def read(path: Path, needed: type[P]) -> P:
    """Read and check a whole parameter file; on the first wrong value, say all that is wrong.

    Args:
        path: of the file; its folder, stages/pipelines/NAME, says which pipeline's it is. Anywhere
            else it is the laptop's.
        needed: the sections that the caller uses: of one pipeline, or of several, as `Swept`.

    Returns:
        Every section of the file's pipeline, at least those needed.

    Raises:
        SystemExit: if it is a pipeline's that lacks sections needed, with those that have them; if
            values are wrong, with one line a fault, naming file, key, what was expected and what
            was got.
    """
    schema = _schema(path, needed)
    try:
        return schema.model_validate(parsed(path))
    except FileNotFoundError:
        _fail(f"{path}: no such file; run from the top of the repository")
    except (OSError, UnicodeDecodeError) as error:
        _fail(f"{path}: expected a text file in UTF-8, got {error}")
    except YAMLError as error:
        _fail(f"{path}: not valid YAML: {' '.join(str(error).split())}")
    except ValidationError as error:
        _fail(*(_describe(path, fault) for fault in error.errors()))


def parsed(path: Path) -> Any:
    """Return what a YAML file holds, read as DVC reads and writes it: YAML 1.2.

    PyYAML reads 1.1, in which 2e-05 is a word, 010 is 8 and 1:30 is 90.
    """
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def choose(options: Mapping[str, T], name: str, kind: str) -> T:
    """Return `options[name]`, or stop with the list of valid names."""
    if name not in options:
        _fail(f"unknown {kind} {name!r}: expected one of {', '.join(options)}")
    return options[name]


def _schema(path: Path, needed: type[P]) -> type[P]:
    """Return what the file must hold, by its folder."""
    name = _pipeline(path)
    schema = choose(PIPELINES, name, "pipeline")
    if issubclass(schema, needed):
        return schema
    fitting = [other for other, its in PIPELINES.items() if issubclass(its, needed)]
    _fail(
        f"{path}: expected the parameters of {' or '.join(fitting)}, got those of {name}; "
        f"pass {' or '.join(map(file_of, fitting))}"
    )


def _pipeline(path: Path) -> str:
    folder = path.resolve().parent
    return folder.name if folder.parts[-3:-1] == ("stages", "pipelines") else "laptop"


def _describe(path: Path, fault: ErrorDetails) -> str:
    key = ".".join(str(part) for part in fault["loc"]) or "(whole file)"
    if fault["type"] == "missing":
        return f"{path}: {key}: missing; expected a value here"
    if fault["type"] == "extra_forbidden":
        return (
            f"{path}: {key}: unknown key, got {fault['input']!r}; remove it or check its spelling"
        )
    expected = fault["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    if not fault["loc"] and fault["type"] == "value_error":
        return f"{path}: expected {expected}"
    return f"{path}: {key}: expected {expected}, got {fault['input']!r}"


def _fail(*lines: str) -> NoReturn:
    sys.exit("\n".join(lines))
