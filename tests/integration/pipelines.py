"""A pipeline at its smallest in a copy of the repository, and what holds of all that it leaves."""

import csv
import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from idem.rule.loss import RULES
from stages.report.scratch import GIT, copy_repository, run
from tests import ROOT

KEPT = ("modified", "modified_plain", "ordinary", "ign", "ign_ours", "autoencoder")
BRIEF: dict[str, Any] = {"seeds": [0], "batch_size": 5, "calibration_batches": 1, "log_every": 2}
BRIEF |= {"validation": {"every": 2, "samples": 8, "seed": 1}}
BRIEFEST = {"runs": 1, "steps": 1}
LANES = BRIEFEST | {"learning_rates": [0.12]}
WIDTHS = {"B2": [6, 4, 6], "B3": [8, 4, 8], "B4": [6, 8, 8, 6]}
PRINTED = 10  # the first epoch that the published curves have a number at
MAY_BE_EMPTY = ("left_out", "fair")  # nothing was; curves of so few steps do not overlap
LINEAR = {"size": 8, "runs": 1, "ensemble_count": 2, "larger_sizes": [16], "dtypes": ["float64"]}
LINEAR |= {"plane_width": 24, "plane_height": 16, "gammas": [1.0], "figure_gammas": [1.0]}


def copy_with(
    folder: Path,
    pipeline: str,
    change: Callable[[dict[str, Any]], None],
    define: Callable[[dict[str, Any]], None] = lambda stages: None,
) -> tuple[Path, str]:
    """Copy the repository, change a pipeline's parameters, and forget that it ever ran.

    It is the only pipeline of the copy: DVC reads the locks of all that there are, at every call.
    What `define` changes of its stages is committed.
    """
    copy_repository(ROOT, folder)
    remove_others(folder, "laptop" if pipeline == "." else Path(pipeline).name)
    others = {folder / "dvc.yaml", *folder.glob("stages/pipelines/*/dvc.yaml")}
    for file in others - {folder / pipeline / "dvc.yaml"}:
        run([*GIT, "rm", "--quiet", str(file), str(file.with_suffix(".lock"))], folder)
    rewrite(folder / pipeline / "dvc.yaml", lambda content: define(content["stages"]))
    run([*GIT, "commit", "--quiet", "--all", "--message", "One pipeline"], folder)
    rewrite(folder / pipeline / "params.yaml", change)
    (folder / pipeline / "dvc.lock").unlink()
    return folder, f"{pipeline}/dvc.yaml"


def rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what a YAML file holds, in place."""
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def remove_others(folder: Path, pipeline: str) -> None:
    """Remove tests, and results of all pipelines but one: DVC looks at every file, often."""
    for path in (folder / "tests", *folder.glob("metrics/*")):
        if path.is_dir() and path.name != pipeline:
            shutil.rmtree(path)


def shrink_generative(content: dict[str, Any]) -> None:
    """Make the parameters of a generative study as small as its stages can do with."""
    models = content["train"]["models"]
    kept = {name: models[name] | {"steps": None} for name in KEPT if name in models}
    content["train"] |= BRIEF | {"steps": 2, "models": kept, "channels": [3, 4], "bottleneck": 2}
    if "statistics" in content:
        content["statistics"]["models"] = [m for m in content["statistics"]["models"] if m in kept]
    if "frozen" in content:
        ways = content["frozen"]["ways"]
        kept_ways = {name: way for name, way in ways.items() if way["of"] in kept}
        content["frozen"] |= {"steps": 2, "batch_size": 5, "every": 2, "samples": 8}
        content["frozen"] |= {"shown_samples": 4, "shown_seed": 0, "ways": kept_ways}
    if "from_scratch" in content:
        content["from_scratch"] |= {"steps": 2, "warm_up": 1, "batch_size": 5}
        content["from_scratch"] |= {"every": 2, "bottleneck": 2}
    if "baselines" in content:
        once = {"validation": BRIEF["validation"] | {"every": 8}}
        content["baselines"] |= BRIEF | {"steps": 8} | once
    content["score"] |= {"batch_size": 4, "pairs": 4}
    content["evaluate"] |= {"samples": 4, "images": 4, "drift_samples": 4, "applications": 2}
    content["evaluate"] |= {"sizes": [4, 8], "nearest_k": 2, "neighbours": 4, "shown_samples": 4}
    content["restore"] |= {"images": 5, "batch_size": 5, "training_images": 20, "resamples": 5}
    content["latent"] |= {"images": 8, "batch_size": 5, "applications": 2, "points": 1, "pairs": 2}
    content["latent"] |= {"steps": 3, "embedded": 5, "perplexity": 2.0, "embedding_steps": 250}


def shrink_sweeps(content: dict[str, Any]) -> None:
    """Make the networks of the sweeps small, and train them, however it is done, for few steps."""
    content["sweep"]["batch_size"] = 8
    content["published"]["log_at"] = [1]
    networks = content["sweep"]["networks"]
    for name, network in networks.items():
        network |= LANES | {"widths": WIDTHS.get(name, network["widths"])}
    for section, steps in {"published": 1, "readings": PRINTED}.items():
        for lines in content.get(section, {"networks": {}})["networks"].values():
            lines |= {"learning_rates": {rule: [0.07] for rule in RULES}}
            lines |= {"runs": 1, "steps": steps}
    for widened in content.get("readings", {"widths": {}})["widths"].values():
        widened["networks"] = {name: WIDTHS[name] for name in widened["networks"]}
    for stand_in in content.get("stand_ins", {}).values():
        widths = WIDTHS[stand_in["network"]]
        stand_in |= BRIEFEST | {"batch_size": 8, "widths": widths}
    for case in [*content["near"]["cases"].values(), *content["newdata"]["cases"].values()]:
        case |= BRIEFEST | {"learning_rates": [0.01]}
    for chosen in content["transposed"]["networks"].values():
        chosen |= {"learning_rates": [0.12], "runs": 1}
    for section in ("centring", "copying"):
        if section in content:
            content[section] |= {"steps": 1, "batch_size": 8, "learning_rates": [0.01]}
            for case in content[section]["cases"].values():
                case["runs"] = 1
    if "walks" in content:
        content["walks"] |= {"steps": 10, "surface_points": 2, "runs": 1}
        content["walks"] |= {"plane_steps": [10], "plane_every": 10}
        for case in content["walks"]["cases"].values():
            case["learning_rate"] = 0.01  # on batches of 8 that of the pipeline diverges
    for size, variant in enumerate(content["variants"].values(), start=4):
        variant |= LANES | {"batch_size": size}


def check_outputs(folder: Path, pipeline: str) -> int:
    """Hold that every stage has run, and that what it left can be read; return how many ran."""
    listed = run(["dvc", "stage", "list", "--name-only", pipeline], folder).split()
    lock = yaml.safe_load((folder / pipeline).with_suffix(".lock").read_text())
    assert set(lock["stages"]) == {name.rpartition(":")[2] for name in listed}
    for path in outputs(folder, pipeline):
        check_output(path)
    return len(listed)


def outputs(folder: Path, pipeline: str) -> list[Path]:
    """List every output that the lock of a pipeline declares, metrics and plots included."""
    lock = yaml.safe_load((folder / pipeline).with_suffix(".lock").read_text())
    stages = lock["stages"].values()
    return [folder / out["path"] for stage in stages for out in stage.get("outs", [])]


def check_output(path: Path) -> None:
    """Hold that a table has rows of one length, and that a picture is one."""
    assert path.exists(), path
    if path.suffix == ".json":
        assert json.loads(path.read_text()), path
    elif path.suffix == ".csv":
        header, *rows = csv.reader(path.read_text().splitlines())
        assert {len(row) for row in rows} <= {len(header)}, path
        assert rows or path.stem.startswith(MAY_BE_EMPTY), path
    elif path.suffix == ".png":
        data = path.read_bytes()
        assert data.startswith(b"\x89PNG")
        assert min(struct.unpack(">II", data[16:24])) > 90, path  # at 60 an inch, of warm_python


def check_only_results_changed(folder: Path, pipeline: str) -> None:
    """Hold that git sees no change but of results, of the lock and of what parameters there are."""
    changed = {line[3:] for line in run(["git", "status", "--porcelain"], folder).splitlines()}
    own = {(folder / pipeline).with_name(n) for n in ("dvc.lock", "params.yaml", "params.ok")}
    others = {folder / name for name in changed if not name.startswith("metrics/")}
    assert others <= own
