"""Which units the pipelines of this checkout are made of, and how each of them is computed."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from stages.common import params, units
from stages.common.params.pipelines import PIPELINES, file_of
from stages.common.resume import Plan
from stages.common.units import Finished, Identity
from stages.evaluation import baselines, evaluate, latent, restore, statistics
from stages.generative import from_scratch, frozen, perfect, search, train
from stages.landscape import centring, copying
from stages.published import deviations, gradients, replay, stand_in
from stages.sweeps import near, newdata, sweep, transposed, variants
from stages.travel.manifest import unlike

_GENERATIVE = (train.plan, evaluate.plan, evaluate.plan_of_pictures, restore.plan, latent.plan)
_GENERATIVE += (baselines.plan, baselines.plan_of_codes)
KEEPING = tuple(name for name in PIPELINES if name != "laptop")  # their units


class Work(NamedTuple):
    """How this checkout computes a unit."""

    identity: Identity
    function: Callable[..., Any]
    arguments: tuple
    """Of the function, before the checkpoint."""


def inventory(pipeline: str) -> dict[str, Work]:
    """Return every unit of a pipeline by its name, whether it is finished or not.

    Raises:
        ValueError: for a pipeline that keeps no units.
        SystemExit: for a wrong parameter file.
        FileNotFoundError: if data that decide units are not there.
    """
    if pipeline not in KEEPING:
        raise ValueError(f"expected one of the pipelines {', '.join(KEEPING)}, got {pipeline!r}")
    found = {}
    for plan in _plans(pipeline):
        for unit in plan.units:
            identity = units.identity_of(unit.label, unit.key, plan.modules)
            found[identity.name] = Work(identity, plan.function, unit.arguments)
    return found


def folder_of(pipeline: str) -> Path:
    """Return where a pipeline keeps its finished units."""
    return Path("metrics", pipeline, "units")


def explain(found: Finished, wanted: Mapping[str, Work]) -> str:
    """Say in what a unit is none of those wanted: the parameter, data or file, beside the closest.

    Args:
        found: a unit whose name is not wanted.
        wanted: from `inventory`.
    """
    label = found.identity.label
    alike = [work.identity for work in wanted.values() if work.identity.label == label]
    if not alike:
        return "expected a unit of this checkout's parameters, got none of that name"
    faults = min((list(_faults(found.identity, one)) for one in alike), key=len)
    return "; ".join(faults)


def _faults(found: Identity, wanted: Identity) -> Iterator[str]:
    for key, expected, got in unlike(wanted.key, found.key):
        kind = "data" if _is_digest(expected) else "parameter"
        yield f"{kind} {key}: expected {expected!r}, got {got!r}"
    for file, expected, got in unlike(wanted.code, found.code):
        yield f"code {file}: expected SHA-256 {expected}, got {got}"


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64


def _plans(pipeline: str) -> Iterator[Plan]:
    settings = params.read(Path(file_of(pipeline)), PIPELINES[pipeline])
    dataset = "celeba" if isinstance(settings, params.CelebA) else "mnist"
    if isinstance(settings, params.Swept):
        yield from (sweep.plan(settings.sweep, name) for name in settings.sweep.networks)
        yield variants.plan(settings)
        yield near.plan(settings)
        yield newdata.plan(settings)
        yield transposed.plan(settings)
        yield from (replay.plan(settings, name) for name in settings.published.networks)
    if isinstance(settings, params.Paper):
        yield stand_in.plan(settings)
        yield deviations.plan(settings)
        yield gradients.plan(settings)
        yield centring.plan(settings)
        yield copying.plan(settings)
    if isinstance(settings, params.GenerativeStudy):
        yield from (plan(settings, dataset) for plan in _GENERATIVE)
    if isinstance(settings, params.MNISTStudy):
        yield from (search.plan(settings, name) for name in settings.search.groups)
        yield perfect.plan(settings)
        yield frozen.plan(settings)
        yield from_scratch.plan(settings)
        yield statistics.plan(settings)
