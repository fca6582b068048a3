"""The state of a training run: all that it needs to continue, saved and restored.

One or more networks are trained, with an Adam each; the first is what the run is for, and is
averaged. `idem.generative.training` moves a state on.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import torch
from torch import Generator, Tensor, nn

from idem.generative.optimization import Optimization

Row = dict[str, float]


@dataclass
class TrainingState:
    """Where a run stands.

    Attributes:
        networks: as the optimisers leave them; the first is what the run is for.
        ema: the exponential moving average of the first since its first step, BatchNorm's
            statistics included.
        optimizers: one Adam for each network, under its name.
        generator: the source of all that is random.
        optimization: how the weights descend from here on.
        step: steps made so far.
        history: one row per logged step: ``step`` and the mean losses of the steps since the row
            before, under the names of `idem.generative.training.Method.parts`.
        losses: of the steps since the last row.
        validations: the validation history, one row per measurement: ``step`` beside what an
            `idem.generative.training.Validation` measured.
        best: the averaged weights and buffers at the best of these; empty before the first.
    """

    networks: dict[str, nn.Module]
    ema: nn.Module
    optimizers: dict[str, torch.optim.Adam]
    generator: Generator
    optimization: Optimization
    step: int = 0
    history: list[Row] = field(default_factory=list)
    losses: list[Tensor] = field(default_factory=list)
    validations: list[Row] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)

    @property
    def model(self) -> nn.Module:
        """The network that the run is for."""
        return next(iter(self.networks.values()))

    def weights(self) -> dict[str, nn.Module]:
        """Return the model with its weights ``raw``, ``ema`` and, if validated, ``best``."""
        networks = {"raw": self.model, "ema": self.ema}
        if self.best:
            networks["best"] = copy.deepcopy(self.ema)
            networks["best"].load_state_dict(self.best)
        return networks

    @torch.no_grad()
    def average(self) -> None:
        """Move the average towards the weights of the step that is being made, the next one.

        After t steps, those of step i count by decay^(t - i), divided by the sum of all. Without
        the division, what was there at the first step would keep its part, decay^t: 13 % after
        1 000 steps at 0.998. The run counts its steps itself: a count that lies on a GPU, as that
        of `torch.optim.swa_utils.AveragedModel`, makes every step wait to read it.

        Source: Kingma and Ba, arXiv 1412.6980, section 3 (the correction of a bias to the start).
        """
        decay = self.optimization.ema_decay
        fraction = (1 - decay) / (1 - decay ** (float(self.step) + 1))
        for average, now in zip(_numbers(self.ema), _numbers(self.model), strict=True):
            if average.is_floating_point():
                average.lerp_(now, fraction)
            else:
                average.copy_(now)

    def go_on(
        self,
        networks: dict[str, nn.Module],
        optimization: Optimization | None = None,
        seed: int | None = None,
    ) -> None:
        """Let the run descend in another way from here on.

        Args:
            networks: those that it trains.
            optimization: its steps, batches, rate, schedule, bound and precision may be others than
                before; None leaves all as it was.
            seed: that of before, or None.

        Raises:
            ValueError: for other networks, and for another value of what the run so far has gone
                into: Adam's betas, the decay of the average, the seed.
        """
        if self.networks != networks:
            raise ValueError("state: expected that of an earlier run of these networks, got others")
        before, now = self.optimization, optimization or self.optimization
        settled = {
            "betas": (tuple(before.betas), tuple(now.betas)),
            "ema_decay": (before.ema_decay, now.ema_decay),
            "seed": (self.generator.initial_seed(), seed),
        }
        for name, (was, given) in settled.items():
            if given not in (was, None):
                raise ValueError(
                    f"{name}: expected {was}, with which the run of this state was begun, got "
                    f"{given}; keep to it, or begin another run"
                )
        self.optimization = now

    def saved(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return all that `restore` needs, as `idem.checkpoint.Checkpoint.save` takes it."""
        tensors = _prefixed("ema", self.ema.state_dict())
        tensors |= _prefixed("best", self.best)
        for name, network in self.networks.items():
            tensors |= _prefixed(f"network.{name}", network.state_dict())
        for place, state, parameter in self._optimized():
            tensors |= _prefixed(place, state[parameter])
        tensors["losses"] = torch.stack(self.losses) if self.losses else torch.empty(0, 1)
        tensors["generator"] = self.generator.get_state()
        notes = {"step": self.step, "history": self.history, "validations": self.validations}
        return tensors, notes

    def restore(self, tensors: Mapping[str, Tensor], notes: Mapping[str, Any]) -> None:
        """Go back to what was saved, in memory laid out as that of the run that saved it."""
        self.ema.load_state_dict(_under("ema", tensors))
        for name, network in self.networks.items():
            network.load_state_dict(_under(f"network.{name}", tensors))
        for place, state, parameter in self._optimized():
            state[parameter] = {
                key: value if key == "step" else torch.empty_like(parameter).copy_(value)
                for key, value in _under(place, tensors).items()
            }
        device = self.generator.device
        self.best = {key: value.to(device) for key, value in _under("best", tensors).items()}
        self.losses = list(tensors["losses"].to(device))
        self.generator.set_state(tensors["generator"])
        self.step, self.history = notes["step"], notes["history"]
        self.validations = notes["validations"]

    def _optimized(self) -> list[tuple[str, dict[Tensor, Any], nn.Parameter]]:
        """List where its moments are saved, the optimiser's state and itself of each parameter."""
        return [
            (f"optimizer.{name}.{i}", self.optimizers[name].state, parameter)
            for name, network in self.networks.items()
            for i, parameter in enumerate(network.parameters())
        ]


def begin(
    networks: dict[str, nn.Module], optimization: Optimization, *, seed: int
) -> TrainingState:
    """Begin a run of freshly initialised networks.

    Args:
        networks: on the device to train on, changed in place; the first is what the run is for.
        optimization: how their weights descend.
        seed: of all that is random in a step.

    Raises:
        ValueError: for betas that Adam refuses.
    """
    model = next(iter(networks.values()))
    return TrainingState(
        networks=networks,
        ema=copy.deepcopy(model),
        optimizers={name: optimization.adam(network) for name, network in networks.items()},
        generator=Generator(next(model.parameters()).device).manual_seed(seed),
        optimization=optimization,
    )


def begun(
    networks: dict[str, nn.Module],
    optimization: Optimization | None,
    seed: int | None,
    state: TrainingState | None,
) -> TrainingState:
    """Begin a run or, with the state of one, go on with it: `begin` or `TrainingState.go_on`."""
    if state is None:
        return begin(networks, optimization or Optimization(), seed=seed or 0)
    state.go_on(networks, optimization, seed)
    return state


def _prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{key}": value for key, value in tensors.items()}


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    start = f"{prefix}."
    return {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}


def _numbers(network: nn.Module) -> chain[Tensor]:
    """Return the parameters and buffers of a network."""
    return chain(network.parameters(), network.buffers())
