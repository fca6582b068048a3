"""Stage settings: search for a recipe that keeps all modes, one round of settings after another.

Every setting is one of `settings.models` with something changed, trained on the same data and,
unless it names others, with the same seeds for as many steps, and measured on the split `valid`
alone.

It can be killed at any time, and goes on from there when it is run again.
"""

from collections.abc import Mapping

import pandas as pd

from idem.checkpoint import Checkpoint
from stages.common import params, resume
from stages.common.engine import deadline, end_with_parent
from stages.common.files import write_csv
from stages.common.params import Model, Score, Setting, Train
from stages.generative import runs, train


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
    data = runs.data_digest("mnist")
    units = [
        resume.Unit(
            "setting",
            runs.key(*made[name], everything.score, data, seed),
            (*made[name], everything.score, name, seed),
        )
        for name, seed in names
    ]
    deadline()  # complains before anything is written
    train.fit_noise(base, "mnist")
    with resume.completed(_unit, units, runs.MODULES, noun="runs") as results:
        rows = [row for found in results for row in found]
        write_csv(args.metrics / f"settings_{args.round}.csv", pd.DataFrame(rows))


def changed(section: Train, models: Mapping[str, Model], setting: Setting) -> tuple[Train, Model]:
    """Return the section and the model that a setting makes of those it starts from."""
    given = setting.model_dump(exclude={"of"}, exclude_none=True)
    of_model = {key: value for key, value in given.items() if key in Model.model_fields}
    of_section = {key: value for key, value in given.items() if key in Train.model_fields}
    model = models[setting.of].model_dump() | of_model
    return Train.model_validate(section.model_dump() | of_section), Model.model_validate(model)


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
