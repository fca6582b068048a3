"""Stage perfect: which rule makes a trained denoiser idempotent, and at which cost in its task?

A network that was trained to take noise out of digits is almost idempotent, which is where the
theory of the rule applies. From its weights it is trained on for some steps, on noisy digits, by
either rule, with the task beside it or without, at several rates. It can be killed at any time and
goes on when it is run again.
"""

import copy
import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import mse_loss

from idem.checkpoint import Checkpoint
from idem.data.datasets import to_unit
from idem.evaluation.corruptions import add_noise
from idem.evaluation.metrics import output_spread, relative_error
from idem.generative.optimization import Optimization
from idem.generative.state import begin
from idem.generative.training import Method, run
from idem.generative.udcgan import UDCGAN
from idem.rule.loss import RULES, idempotency_loss
from stages.common import params, resume
from stages.common.engine import device
from stages.common.files import write_csv, write_json
from stages.generative import networks, runs
from stages.sweeps import paired

MODULES = ("stages.generative.perfect",)  # that decide the rows of a seed
_LOGGED = 10**9  # steps between rows of a history that nobody reads


def main() -> None:
    """Write what the denoisers, and all that they were trained on to, make of other digits."""
    args = params.arguments("make a trained denoiser idempotent")
    settings = params.read(args.params, params.MNISTStudy)
    with resume.completed(*plan(settings), keep=args.units, label="perfect") as parts:
        rows = pd.DataFrame([row for part in parts for row in part])
        write_csv(args.metrics / "perfect_mnist.csv", rows)
        write_json(args.metrics / "perfect_mnist.json", headline(rows))


def plan(settings: params.MNISTStudy) -> resume.Plan:
    """Return how the denoiser of every seed is trained, and trained on."""
    section, data = settings.perfect, runs.data_digest("mnist", "test")
    shape = [settings.train.channels, settings.train.bottleneck]
    decides = section.model_dump(mode="json", exclude={"seeds"})
    units = [
        resume.Unit(
            f"perfect_{seed}", [decides, shape, data, seed], (section, shape, seed), section.steps
        )
        for seed in section.seeds
    ]
    return resume.Plan(trained, units, MODULES)


def trained(
    section: params.Perfect, shape: Sequence[Any], seed: int, checkpoint: Checkpoint
) -> list[dict[str, Any]]:
    """Return a row for the denoiser and one for each rule, task and rate that trained it on.

    Returns:
        ``seed``; ``rule``, ``before`` for the denoiser, ``none`` for more of the task alone;
        ``task``, its weight; ``learning_rate``; and on images that nothing was trained on what
        `_measured` says. The relative error is infinite where training broke off.
    """
    images, test = networks.images("mnist", "train"), networks.some("mnist", "test", section.images)
    rng = Generator().manual_seed(seed)
    f = UDCGAN(images.shape[1:], *shape, (), "group", "group", generator=rng).to(device())
    task = params.Perfecting(rule="none", task=1.0, learning_rates=[section.pretraining_rate])
    _train(f, images, section, task, section.pretraining_rate, section.pretraining_steps, seed)
    before = {"seed": seed, "rule": "before", "task": math.nan, "learning_rate": math.nan}
    rows = [before | _measured(f, test, section.seed)]
    for ways in section.ways:
        for rate in ways.learning_rates:
            g = copy.deepcopy(f)
            row = {"seed": seed, "rule": ways.rule, "task": ways.task, "learning_rate": rate}
            try:
                _train(g, images, section, ways, rate, section.steps, seed + 1)
                rows.append(row | _measured(g, test, section.seed))
            except FloatingPointError:
                rows.append(row | {"relative_error": math.inf})
    return rows


def headline(rows: pd.DataFrame) -> dict[str, Any]:
    """Return what the denoiser was, and what either rule made of it at its best rate.

    Returns:
        ``before``, means over seeds; and by the task's weight ``modified_over_ordinary``, the ratio
        of their relative errors seed by seed, and by rule ``learning_rate``, that of the least
        median relative error, and there ``relative_error``, a median, with ``psnr_lost``, in dB, of
        f(z), and ``spread_kept``, of f(z), means over seeds.
    """
    before = rows[rows.rule == "before"].set_index("seed")
    measured = ["relative_error", "spread", "psnr_once", "psnr_twice"]
    found: dict[str, Any] = {"before": before[measured].mean().to_dict()}
    for task, of_task in rows[rows.rule != "before"].groupby("task"):
        lanes = of_task[of_task.rule.isin(RULES)].rename(columns={"seed": "run"})
        compared = paired.at_own_best_rates(lanes, "relative_error")
        found[f"task_{task:g}"] = {"modified_over_ordinary": compared} | {
            str(rule): _at_best(of_rule, before) for rule, of_rule in of_task.groupby("rule")
        }
    return found


def _at_best(of_rule: pd.DataFrame, before: pd.DataFrame) -> dict[str, float]:
    rate = paired.best_rate(of_rule, "relative_error")
    there = of_rule[of_rule.learning_rate == rate].set_index("seed")
    return {
        "learning_rate": rate,
        "relative_error": float(there.relative_error.median()),
        "psnr_lost": float((before.psnr_once - there.psnr_once).mean()),
        "spread_kept": float((there.spread / before.spread).mean()),
    }


def _train(
    f: nn.Module,
    images: Tensor,
    section: params.Perfect,
    way: params.Perfecting,
    rate: float,
    steps: int,
    seed: int,
) -> None:
    """Train a denoiser in place: its task's squared error by its weight, plus the rule."""
    optimization = Optimization(steps, section.batch_size, rate)
    state = begin({"model": f}, optimization, seed=seed)

    def step(x: Tensor) -> Sequence[Tensor]:
        z = add_noise(x, state.generator)
        loss = torch.zeros((), device=x.device)
        if way.task:
            loss = loss + way.task * mse_loss(f(z), x)
        if way.rule != "none":
            loss = loss + idempotency_loss(f, z, way.rule, "mean", check_finite=False)
        optimization.descend(state.optimizers["model"], loss)
        return [loss]

    run(state, images, Method(f"{way.rule} rule", step, ["loss"]), log_every=_LOGGED)


@torch.no_grad()
def _measured(f: nn.Module, images: Tensor, seed: int) -> dict[str, float]:
    """Return what f makes of noisy images once and twice.

    ``relative_error`` is ‖f(y) − y‖ / ‖y − mean y‖ for y = f(z); ``spread`` that of y;
    ``psnr_once`` and ``psnr_twice``, in dB, how near y and f(y) are to the images.
    """
    x = to_unit(images)
    y = f.eval()(add_noise(x, Generator().manual_seed(seed)))
    u = f(y)
    once, twice = (10 * math.log10(4 / float(mse_loss(made, x))) for made in (y, u))
    found = {"relative_error": float(relative_error(y, u)), "spread": float(output_spread(y))}
    return found | {"psnr_once": once, "psnr_twice": twice}


if __name__ == "__main__":
    main()
