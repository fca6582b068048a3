"""The generative studies at many times their steps, for a GPU: python -m stages.report.at_length.

    IDEM_DEVICE=cuda IDEM_WORKERS=4 python -m stages.report.at_length /tmp/long --factor 10

writes the parameters of both studies with all steps, and what is done every so many of them,
multiplied, and runs their stages that compute for long, one after the other:

    FOLDER/stages/pipelines/{study,celeba}/params.yaml
    FOLDER/metrics/{study,celeba}/           tables, and units/, which holds all that is finished

Data, classifier and features are those of this repository, whose results stay as they are: weights
go to data/*/at_length. Killed at any time, it goes on when it is run again; with IDEM_MINUTES every
stage ends in time, and so does it at the first that has not finished. A factor below 1 tries it.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stages.common import params
from stages.common.params.pipelines import file_of
from stages.common.params.reading import parsed

WEIGHTS = "at_length"  # below data/, beside the data set
COUNTS = {"steps", "every", "log_every"}  # of training steps, wherever they stand
SECTIONS = ("search", "train", "baselines")
PIPELINES = ("study", "celeba")


def main() -> None:
    """Write the parameters and run the stages."""
    given = _arguments()
    for pipeline in given.pipelines:
        content = scaled(parsed(Path(file_of(pipeline))), given.factor)
        path = given.folder / file_of(pipeline)
        path.parent.mkdir(parents=True, exist_ok=True)
        YAML(typ="safe").dump(content, path)
        metrics = given.folder / "metrics" / pipeline
        for command in commands(pipeline, content, path, metrics, given.groups):
            print(" ".join(command[1:]), flush=True)
            status = subprocess.run(command, env=os.environ).returncode
            if status:
                sys.exit(status)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where parameters and results go")
    parser.add_argument("--factor", type=float, default=10.0, help="of all steps")
    parser.add_argument("--pipelines", nargs="+", choices=PIPELINES, default=PIPELINES)
    parser.add_argument("--groups", nargs="*", help="of the search; all unless named")
    found = parser.parse_args()
    if not found.factor > 0:
        parser.error(f"--factor: expected more than 0, got {found.factor:g}")
    return found


def scaled(content: dict[str, Any], factor: float) -> dict[str, Any]:
    """Return the parameters of a study with all numbers of training steps multiplied."""
    changed = {name: _scaled(content[name], factor) for name in SECTIONS if name in content}
    changed["train"]["folder"] = WEIGHTS
    return content | changed


def _scaled(value: Any, factor: float) -> Any:
    if isinstance(value, dict):
        return {
            key: max(1, round(of * factor))
            if key in COUNTS and isinstance(of, int)
            else _scaled(of, factor)
            for key, of in value.items()
        }
    return [_scaled(of, factor) for of in value] if isinstance(value, list) else value


def commands(
    pipeline: str,
    content: dict[str, Any],
    path: Path,
    metrics: Path,
    groups: Iterable[str] | None = None,
) -> Iterator[list[str]]:
    """Yield the stages of a study, and what follows from them, in order.

    Raises:
        SystemExit: for a group that the search does not have.
    """
    dataset = "mnist" if pipeline == "study" else pipeline
    stages = []
    if "search" in content:
        known = content["search"]["groups"]
        for group in known if groups is None else groups:
            params.choose(known, group, "group")
            stages.append(("stages.generative.search", group))
    stages += [("stages.generative.train", dataset), ("stages.evaluation.evaluate", dataset)]
    stages += [("stages.evaluation.baselines", dataset), ("stages.evaluation.latent", dataset)]
    for module, word in stages:
        files = ["--params", str(path), "--metrics", str(metrics)]
        yield [sys.executable, "-m", module, word, *files]


if __name__ == "__main__":
    main()
