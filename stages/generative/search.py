"""Stage search: search for a recipe that keeps all modes, one group of settings after another.

Every setting is one of `search.models` with something changed, trained on the same data and,
unless it names others, with the same seeds for as many steps, and measured on the split `valid`
alone.

It can be killed at any time, and goes on from there when it is run again; runs that are done when
the time is up are written under a name of their own.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from idem.checkpoint import Checkpoint
from idem.generative.noise import FourierNoise
from stages.common import params, resume
from stages.common.files import write_csv
from stages.common.params import Model, Setting, Train
from stages.common.so_far import write_completed
from stages.generative import networks, runs


def main() -> None:
    """Write what was measured on the way of every setting and seed of one group."""
    args = params.arguments("try settings on MNIST", group="a key of search.groups")
    everything = params.read(args.params, params.MNISTStudy)
    params.choose(everything.search.groups, args.group, "group")
    planned, path = plan(everything, args.group), args.metrics / f"search_{args.group}"
    parts = (unit.arguments for unit in planned.units)
    keys = [{"setting": name, "seed": run.seed} for run, name in parts]
    write_completed(path, planned, partial(write, keys), args.units)


def write(keys: list[dict], path: Path, results: Sequence[Any], _: Sequence[Any]) -> None:
    """Write, as `write_completed` asks, the validations of the runs that are done, if any is."""
    done = [pair for pair in zip(keys, results, strict=True) if pair[1] is not None]
    if done:
        write_csv(path.with_suffix(".csv"), runs.table(*zip(*done, strict=True)))


def plan(everything: params.MNISTStudy, group: str) -> resume.Plan:
    """Return how the runs of one group of settings are computed."""
    section = everything.search
    own = {"steps": section.steps, "seeds": section.seeds}
    base, whole = everything.train.model_copy(update=own), networks.images("mnist", "train")
    tried = section.groups[group]
    sides = {setting.side for setting in tried.values()}
    noises = {side: FourierNoise.fit(networks.cut(whole, side)) for side in sides}
    data, units = runs.data_digest("mnist"), []
    for name, setting in tried.items():
        own_section, model = changed(base, section.models, setting)
        side, steps = setting.side, own_section.steps
        for seed in own_section.seeds:
            given = (own_section, model, everything.score, seed, noises[side], side)
            run = runs.Run("mnist", *given)
            units.append(resume.Unit("setting", run.key(data), (run, name), steps, steps))
    return resume.Plan(_unit, units, runs.MODULES)


def changed(section: Train, models: Mapping[str, Model], setting: Setting) -> tuple[Train, Model]:
    """Return the section and the model that a setting makes of those it starts from."""
    given = setting.given()
    of_model = {key: value for key, value in given.items() if key in Model.model_fields}
    of_section = {key: value for key, value in given.items() if key in Train.model_fields}
    model = models[setting.of].model_dump() | of_model
    return Train.model_validate(section.model_dump() | of_section), Model.model_validate(model)


def _unit(run: runs.Run, name: str, checkpoint: Checkpoint) -> list[dict]:
    """Return what was measured; of a run that breaks off, one row that says why."""
    label = f"{name} {run.seed}"
    try:
        return run.train(checkpoint, label).validations
    except FloatingPointError as error:  # which also says who, and where a checkpoint lies
        why = str(error).removeprefix(f"{label}: ").partition("; kept as it was")[0]
        return [{"step": run.section.steps, "stopped": why}]


if __name__ == "__main__":
    main()
