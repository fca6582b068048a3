"""Which rank survives a training: counted at the start, and found at the end, start by start."""

import math
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from torch.func import grad, vmap
from torch.nn.functional import leaky_relu

from idem.rule.loss import ALL_RULES, RULES, idempotency_loss
from idem.sweeps.grid import Grid, seeded
from idem.sweeps.mlp import initial_parameters
from idem.theory.flow import mean_jacobian, surviving_rank, update
from stages.common import params
from stages.landscape.descent import loss
from stages.sweeps.aggregate import last_rows

_LINEAR, _LEAKY, _DATA = 0, 1, 2  # what a stream of random numbers is for


def starts(section: params.Flow) -> Tensor:
    """Draw square layers at PyTorch's default initialisation, without biases, (starts, n, n)."""
    return _drawn(section.size, section.linear.starts, (section.seed, _LINEAR))[0]


def linear(section: params.Flow, K: Tensor) -> dict[str, Any]:
    """Train linear layers on whitened inputs under every rule, beside the ranks predicted.

    Args:
        section: of the parameters.
        K: the starts, (N, n, n).

    Returns:
        ``starts``; the shares of starts by the rank ``predicted``; and by rule, of the starts whose
        training stays ``finite``, the shares by ``rank``, those whose rank is the one predicted
        (``as_predicted``), ``above`` it or ``below``, those that are ``idempotent`` in the end, and
        those whose loss ``rose`` in some step.
    """
    predicted = surviving_rank(K)
    found = {rule: _of_training(section, K, predicted, rule) for rule in ALL_RULES}
    return {"starts": len(K), "predicted": _shares(predicted, K.shape[-1])} | found


def leaky(section: params.Flow, slope: float) -> dict[str, Any]:
    """Train LeakyReLU layers with biases on fresh inputs, beside the ranks predicted at the start.

    Returns:
        ``starts`` and by rule, of those whose training stays ``finite``, what the survivors are:
        see `_scored`.
    """
    W, b = _drawn(section.size, section.leaky.starts, (section.seed, _LEAKY))
    x = _inputs(section, 0)
    counts = predictions(W, b, x, slope)
    found: dict[str, Any] = {"starts": len(W)}
    before = _spread(outputs(W, b, x, slope))
    for rule in ALL_RULES:
        trained = _trained(section, W, b, slope, rule)
        after = _spread(outputs(*trained, x, slope))
        survived = after > section.collapsed_below * before
        kept = after.isfinite()
        scores = {name: _scored(count[kept] > 0, survived[kept]) for name, count in counts.items()}
        found[rule] = {"finite": int(kept.sum()), "survived": _share(survived[kept])} | scores
    return found


def of_sweep(grid: Grid, rows: pd.DataFrame, section: params.Flow) -> pd.DataFrame:
    """Put what is predicted from the starts of a one-layer network beside what a sweep made of it.

    Args:
        grid: of the sweep.
        rows: logged by it.
        section: of the parameters.

    Returns:
        A row a run: ``run``; ``gain``, the largest real part of an eigenvalue of the Jacobian at
        the outputs; the rank by each of `predictions`; and by rule the ``lanes`` that did not
        diverge and those of them that ``survived``.
    """
    lanes = last_rows(rows)
    lanes = lanes[~lanes.diverged]
    survived = lanes.output_spread > section.collapsed_below * lanes.initial_spread
    table = []
    for run in range(grid.runs):
        ((W, b),) = grid.start(run)
        x, W, b = grid.batch(run, 0).double(), W.double()[None], b.double()[None]
        y = outputs(W, b, x, grid.negative_slope)
        J = mean_jacobian(W, b, y, grid.negative_slope)
        row = {"run": run, "gain": float(torch.linalg.eigvals(J).real.max())}
        counts = predictions(W, b, x, grid.negative_slope)
        row |= {name: int(count) for name, count in counts.items()}
        for rule in RULES:
            of_run = (lanes.run == run) & (lanes.rule == rule)
            row |= {f"{rule}_lanes": int(of_run.sum())}
            row |= {f"{rule}_survived": int(survived[of_run].sum())}
        table.append(row)
    return pd.DataFrame(table)


def scored(table: pd.DataFrame) -> dict[str, Any]:
    """Return by rule how many lanes of `of_sweep` survive or collapse as predicted."""
    found: dict[str, Any] = {"runs": len(table)}
    for rule in RULES:
        lanes, survived = table[f"{rule}_lanes"], table[f"{rule}_survived"]
        right = survived.where(table.at_outputs > 0, lanes - survived)
        found[rule] = {
            "lanes": int(lanes.sum()),
            "survived": int(survived.sum()),
            "as_predicted": int(right.sum()),
            "runs_as_predicted": int((right > lanes / 2).sum()),
        }
    return found


def predictions(W: Tensor, b: Tensor, x: Tensor, slope: float) -> dict[str, Tensor]:
    """Return the rank predicted, (N,), from the Jacobian at outputs, at inputs, and W alone."""
    return {
        "at_outputs": surviving_rank(mean_jacobian(W, b, outputs(W, b, x, slope), slope)),
        "at_inputs": surviving_rank(mean_jacobian(W, b, x, slope)),
        "weights_alone": surviving_rank(W),
    }


def outputs(W: Tensor, b: Tensor, x: Tensor, slope: float) -> Tensor:
    """Return those of layers on items that they share, (N, B, n)."""
    return leaky_relu(x @ W.mT + b[:, None], slope)


def _of_training(
    section: params.Flow, K: Tensor, predicted: Tensor, rule: str
) -> dict[str, float | int | dict[str, float]]:
    rose = torch.zeros(len(K), dtype=torch.bool)
    value = loss(K)
    for _ in range(section.linear.steps):
        K = K - section.linear.learning_rate * update(K, rule)
        before, value = value, loss(K)
        rose |= value > before * (1 + section.tolerance) + section.tolerance**2
    finite = K.isfinite().all((1, 2))
    rank = surviving_rank(K[finite])
    difference = rank - predicted[finite]
    return {
        "finite": int(finite.sum()),
        "rank": _shares(rank, K.shape[-1]),
        "as_predicted": _share(difference == 0),
        "above": _share(difference > 0),
        "below": _share(difference < 0),
        "idempotent": _share(value[finite] < section.tolerance**2),
        "rose": _share(rose[finite]),
    }


def _trained(
    section: params.Flow, W: Tensor, b: Tensor, slope: float, rule: str
) -> tuple[Tensor, Tensor]:
    """Return weights and biases after the training, by the loss of the library itself."""

    def of_layer(W: Tensor, b: Tensor, x: Tensor) -> Tensor:
        return idempotency_loss(lambda z: leaky_relu(z @ W.mT + b, slope), x, rule)

    gradients = vmap(grad(of_layer, argnums=(0, 1)), in_dims=(0, 0, None))
    for step in range(section.leaky.steps):
        dW, db = gradients(W, b, _inputs(section, step))
        W = W - section.leaky.learning_rate * dW
        b = b - section.leaky.learning_rate * db
    return W, b


def _scored(predicted: Tensor, survived: Tensor) -> dict[str, float]:
    """Return the share that does as predicted, of all, of survivors and of those that collapse."""
    return {
        "right": _share(predicted == survived),
        "right_of_survivors": _share(predicted[survived]),
        "right_of_collapsed": _share(~predicted[~survived]),
    }


def _drawn(n: int, count: int, key: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    generator = seeded(*key)
    layers = [initial_parameters([n, n], "default", 0.0, generator)[0] for _ in range(count)]
    weights, biases = zip(*layers, strict=True)
    return torch.stack(weights).double(), torch.stack(biases).double()


def _inputs(section: params.Flow, step: int) -> Tensor:
    generator = seeded(section.seed, _DATA, step)
    size = section.leaky.batch_size, section.size
    return torch.randn(size, generator=generator, dtype=torch.float64)


def _spread(y: Tensor) -> Tensor:
    return (y - y.mean(1, keepdim=True)).square().mean((1, 2)).sqrt()


def _shares(rank: Tensor, n: int) -> dict[str, float]:
    counts = torch.bincount(rank, minlength=n + 1).double() / max(1, len(rank))
    return {str(r): float(share) for r, share in enumerate(counts) if share > 0}


def _share(of: Tensor) -> float:
    return float(of.double().mean()) if len(of) else math.nan
