"""Stage search: search for a recipe that keeps all modes, one group of settings after another.

Every setting is one of `search.models` with something changed, trained on the same data and,
unless it names others, with the same seeds for as many steps, and measured on the split `valid`
alone.

It can be killed at any time, and goes on from there when it is run again.
"""

from collections.abc import Mapping

import pandas as pd

from idem.checkpoint import Checkpoint
from stages.common import params, resume
from stages.common.engine import deadline
from stages.common.files import write_csv
from stages.common.params import Model, Setting, Train
from stages.generative import runs, train


def main() -> None:
    """Write what was measured on the way of every setting and seed of one group."""
    args = params.arguments("try settings on MNIST", group="a key of search.groups")
    everything = params.read(args.params, params.MNISTStudy)
    section = everything.search
    tried = params.choose(section.groups, args.group, "group")
    own = {"folder": "settings", "steps": section.steps, "seeds": section.seeds}
    base = everything.train.model_copy(update=own)
    data, units = runs.data_digest("mnist"), []
    for name, setting in tried.items():
        own_section, model = changed(base, section.models, setting)
        for seed in own_section.seeds:
            run = runs.Run("mnist", own_section, model, everything.score, seed)
            units.append(resume.Unit("setting", run.key(data), (run, name)))
    deadline()  # complains before anything is written
    train.fit_noise(base, "mnist")
    with resume.completed(_unit, units, runs.MODULES, noun="runs") as results:
        rows = [row for found in results for row in found]
        write_csv(args.metrics / f"search_{args.group}.csv", pd.DataFrame(rows))


def changed(section: Train, models: Mapping[str, Model], setting: Setting) -> tuple[Train, Model]:
    """Return the section and the model that a setting makes of those it starts from."""
    given = setting.model_dump(exclude={"of"}, exclude_none=True)
    of_model = {key: value for key, value in given.items() if key in Model.model_fields}
    of_section = {key: value for key, value in given.items() if key in Train.model_fields}
    model = models[setting.of].model_dump() | of_model
    return Train.model_validate(section.model_dump() | of_section), Model.model_validate(model)


def _unit(run: runs.Run, name: str, checkpoint: Checkpoint) -> list[dict]:
    """Return what was measured; a run that breaks off has a row without numbers at its end."""
    keys = {"setting": name, "seed": run.seed}
    try:
        state = run.train(checkpoint, f"{name} {run.seed}")
    except FloatingPointError as error:
        return [keys | {"step": run.section.steps, "stopped": str(error)}]
    return [keys | row for row in state.validations]


if __name__ == "__main__":
    main()
