"""The weights of trained runs on this machine: they do not travel as finished units do.

A unit of stage `train` is what a run logged. Its weights are an output that DVC keeps, and copies
lie beside the checkpoints, under a name that all that decides them is in. DVC deletes outputs
before a stage runs, and a clone has neither: a stage that needs weights which are not there trains
their runs again, and says which.
"""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from idem.checkpoint import Checkpoint
from idem.files import replaced
from idem.generative.noise import FourierNoise
from idem.generative.state import Row
from idem.generative.udcgan import UDCGAN
from stages.common import resume
from stages.common.files import write_tensors
from stages.common.params import Generative
from stages.common.units import identity_of
from stages.generative import networks, runs
from stages.generative.runs import Run

FOLDER = resume.FOLDER / "weights"
KINDS = ("raw", "ema", "best")
Name = tuple[str, int]  # of a run: model and seed


@dataclass(frozen=True)
class Runs:
    """The runs of stage `train`, by model and seed, and the digest of their data."""

    found: dict[Name, Run]
    data: str

    @classmethod
    def of(cls, everything: Generative, dataset: str) -> "Runs":
        """Return those of the parameters."""
        section, noise = everything.train, FourierNoise.fit(networks.images(dataset, "train"))
        found = {
            (model, seed): Run(
                dataset, section, section.models[model], everything.score, seed, noise
            )
            for seed, model in product(section.seeds, section.models)
        }
        return cls(found, runs.data_digest(dataset))

    def plan(self, names: Iterable[Name]) -> resume.Plan:
        """Return how runs are trained."""
        units = []
        for name in names:
            run, (model, seed) = self.found[name], name
            label, steps = f"train_{run.dataset}_{model}_{seed}", run.own.steps
            arguments = run, model, self.copies(name)
            units.append(resume.Unit(label, run.key(self.data), arguments, steps, steps))
        return resume.Plan(trained, units, runs.MODULES)

    def copies(self, name: Name) -> Path:
        """Return the folder of the copies of a run's weights."""
        run, (model, seed) = self.found[name], name
        key = [run.key(self.data), run.section.calibration_batches]
        return FOLDER / identity_of(f"{run.dataset}_{model}_{seed}", key, runs.MODULES).name

    def hand_over(self) -> list[Name]:
        """Make outputs of the copies; return the runs that have none."""
        missing = []
        for name, run in self.found.items():
            files = sorted(self.copies(name).glob("*.safetensors"))
            for file in files:
                path = networks.weights_path(run.section, run.dataset, *name, file.stem)
                with replaced(path) as part:
                    shutil.copyfile(file, part)
            if not files:
                missing.append(name)
        return missing

    def forget(self) -> None:
        """Remove the copies."""
        for name in self.found:
            shutil.rmtree(self.copies(name), ignore_errors=True)
        if FOLDER.exists() and not any(FOLDER.iterdir()):
            FOLDER.rmdir()


def trained(
    run: Run, model: str, folder: Path, checkpoint: Checkpoint
) -> tuple[list[Row], list[Row]]:
    """Return what a run logged and its validation history, its weights written to a folder."""
    state = run.train(checkpoint, f"{run.dataset} {model} seed {run.seed}")
    noise = run.noise()
    for kind, f in state.weights().items():
        networks.recalibrate(f, run.section, run.model, run.dataset, noise, run.seed)
        write_tensors(folder / f"{kind}.safetensors", f.state_dict())
    return state.history, state.validations


def keys(everything: Generative, dataset: str) -> dict[Name, list[Any]]:
    """Return what decides the weights of every run, and the images of all splits."""
    digest, batches = runs.data_digest(dataset, "test"), everything.train.calibration_batches
    found = Runs.of(everything, dataset).found.items()
    return {name: [*run.key(digest), batches] for name, run in found}


def provide(everything: Generative, dataset: str, needed: Iterable[Name], stage: str) -> None:
    """Train those of the runs again that a stage needs and whose weights are not here."""
    missing = [name for name in dict.fromkeys(needed) if not _outputs(everything, dataset, name)]
    if not missing:
        return
    all_runs = Runs.of(everything, dataset)
    missing = [name for name in missing if not all_runs.copies(name).exists()]
    if missing:
        names = ", ".join(f"{model} {seed}" for model, seed in missing)
        print(f"{stage}: trains again, as weights do not travel and are not here: {names}")
        with resume.completed(*all_runs.plan(missing), label=f"train {dataset} again"):
            pass


def restored(everything: Generative, dataset: str, model: str, seed: int, kind: str) -> UDCGAN:
    """Return the network of one run as stage `train` left it; `kind` is one of KINDS."""
    section, shape = everything.train, networks.images(dataset, "test").shape[1:]
    f, name = networks.network(section, section.models[model], shape), (model, seed)
    found = _outputs(everything, dataset, name)
    if not found:
        folder = Runs.of(everything, dataset).copies(name)
        found = {kind: folder / f"{kind}.safetensors"}
    f.load_state_dict(load_file(found[kind]))
    return f


def _outputs(everything: Generative, dataset: str, name: Name) -> dict[str, Path]:
    """Return the weights of a run that stage `train` left here, by kind."""
    section = everything.train
    paths = {kind: networks.weights_path(section, dataset, *name, kind) for kind in KINDS}
    return {kind: path for kind, path in paths.items() if path.exists()}
