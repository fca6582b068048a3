"""What DVC knows of the pipelines: which stage makes a file, and with what it ran last."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from stages.compare.lock import LOADER

NAMES = {  # pipelines in the order of the report, and what they are called there
    "laptop": "laptop scale",
    "paper": "the paper’s scale",
    "study": "study of MNIST",
    "celeba": "CelebA",
}
VARIABLE = re.compile(r"\\\$\\\{.*?\\\}")  # what `foreach` fills in, in a pattern


@dataclass(frozen=True)
class Run:
    """A stage as its lock has it.

    Attributes:
        name: of the stage.
        command: that was run.
        parameters: by name in dots.
        outs: paths of the files that it wrote.
    """

    name: str
    command: str
    parameters: Mapping[str, Any]
    outs: tuple[str, ...]


def maker(path: str) -> tuple[str, str] | None:
    """Return the pipeline and the stage that make a file of metrics; None if there is none."""
    pipeline = path.split("/")[1]
    for stage, pattern in _outs(pipeline):
        if found := re.fullmatch(pattern, path):
            return pipeline, "@".join([stage, *found.groups()[:1]])
    return None


def command(path: str) -> str:
    """Return the command that makes a file of metrics anew."""
    made = maker(path)
    if made is None:  # by hand, or by a stage that has gone
        return f"git restore {path}"
    pipeline, stage = made
    of = "" if pipeline == "laptop" else f"stages/pipelines/{pipeline}/dvc.yaml:"
    return f"dvc repro {of}{stage}"


def stages(pipeline: str) -> list[str]:
    """Return the names of a pipeline's stages, without what `foreach` adds."""
    return list(_stages(pipeline, "dvc.yaml"))


def runs(pipeline: str) -> Mapping[str, Run]:
    """Return the stages of a pipeline that have run, by name."""
    return {
        name: Run(
            name,
            stage["cmd"],
            {
                key: value
                for file in stage.get("params", {}).values()
                for key, value in file.items()
            },
            tuple(out["path"] for out in stage.get("outs", [])),
        )
        for name, stage in _stages(pipeline, "dvc.lock").items()
    }


def run(pipeline: str, stage: str) -> Run | None:
    """Return a stage as it ran last, or None; under its older name STAGE@DATASET too."""
    found = runs(pipeline)
    older = (name for name in found if name.startswith(f"{stage}@"))
    return found.get(stage) or found.get(next(older, ""))


def _outs(pipeline: str) -> Iterator[tuple[str, str]]:
    """Yield each file that a stage writes, as a pattern, with the name of the stage."""
    for name, stage in _stages(pipeline, "dvc.yaml").items():
        stage = stage.get("do", stage)
        for kind in ("outs", "metrics", "plots"):
            for out in stage.get(kind, []):
                path = out if isinstance(out, str) else next(iter(out))
                yield name, VARIABLE.sub("(.+?)", re.escape(path))


def _stages(pipeline: str, file: str) -> Mapping[str, Any]:
    folder = Path() if pipeline == "laptop" else Path("stages/pipelines", pipeline)
    path = (folder / file).resolve()
    return _content(path, path.stat().st_mtime_ns) if path.is_file() else {}


@cache
def _content(path: Path, _: int) -> Mapping[str, Any]:
    """Return the stages in a file, which is read again when its time has changed."""
    return yaml.load(path.read_text(encoding="utf-8"), LOADER)["stages"]
