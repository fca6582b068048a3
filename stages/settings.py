"""Stage settings: search for a recipe that keeps all modes, one round of settings after another.

Every setting is one of `settings.models` with something changed, trained on the same data and,
unless it names others, with the same seeds for as many steps, and measured on the split `valid`
alone.

It can be killed at any time, and goes on from there when it is run again.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from idem.checkpoint import Checkpoint
from stages import params, resume, runs, train
from stages.engine import device, end_with_parent
from stages.files import write_csv
from stages.params import Model, Score, Setting, Train


def main() -> None:
    """Write what was measured on the way of every setting and seed of one round."""
    args = params.arguments("try settings on MNIST", round="a key of settings.rounds")
    everything = params.read(args.params)
    section = everything.settings
    tried = params.choose(section.rounds, args.round, "round")
    end_with_parent()
    own = {"folder": "settings", "steps": section.steps, "seeds": section.seeds}
    base = everything.train.model_copy(update=own)
    made = {name: changed(base, section.models, setting) for name, setting in tried.items()}
    names = [(name, seed) for name in tried for seed in made[name][0].seeds]
    files = [_file(made[name], everything.score, seed) for name, seed in names]
    tasks = [
        (*made[name], everything.score, name, seed, place)
        for (name, seed), place in zip(names, resume.places(files), strict=True)
    ]
    train.fit_noise(base, "mnist")
    rows = [row for found in resume.run_all(_unit, tasks, "runs") for row in found]
    write_csv(args.metrics / f"settings_{args.round}.csv", pd.DataFrame(rows))
    for file in files:
        shutil.rmtree(file.parent, ignore_errors=True)


def changed(section: Train, models: Mapping[str, Model], setting: Setting) -> tuple[Train, Model]:
    """Return the section and the model that a setting makes of those it starts from."""
    given = setting.model_dump(exclude={"of"}, exclude_none=True)
    of_model = {key: value for key, value in given.items() if key in Model.model_fields}
    of_section = {key: value for key, value in given.items() if key in Train.model_fields}
    model = models[setting.of].model_dump() | of_model
    return Train.model_validate(section.model_dump() | of_section), Model.model_validate(model)


def _file(made: tuple[Train, Model], score: Score, seed: int) -> Path:
    """Return a place that a run of the same settings finds again, whatever round it is in."""
    kept = made[0].model_dump(mode="json", exclude={"models", "seeds"})
    parameters = [kept, *(part.model_dump(mode="json") for part in (made[1], score))]
    key = [*parameters, seed, train.data_digest("mnist"), device()]
    return resume.folder("setting", key, train.DECIDING) / "run.npz"


def _unit(
    section: Train, model: Model, score: Score, name: str, seed: int, checkpoint: Checkpoint
) -> list[dict] | None:
    """Return what was measured; a run that breaks off has a row without numbers at its end."""
    run = {"setting": name, "seed": seed}
    try:
        state = runs.trained(section, score, "mnist", model, seed, checkpoint, f"{name} {seed}")
    except FloatingPointError as error:
        return [run | {"step": section.steps, "stopped": str(error)}]
    return None if state is None else [run | row for row in state.watched]


if __name__ == "__main__":
    main()
