"""How the weights descend on a loss: Adam, the schedule of its rate, the average of the weights.

Source: Adam's betas as in DCGAN, Radford et al., arXiv 1511.06434, section 4.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

# What the learning rate is multiplied by, from the fraction of the steps that have been made.
SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda fraction: 1.0,
    "linear": lambda fraction: 1.0 - fraction,
    "cosine": lambda fraction: (1.0 + math.cos(math.pi * fraction)) / 2,
}
PRECISIONS = (torch.float32, torch.bfloat16)  # float16 would need its loss scaled


@dataclass(frozen=True)
class Optimization:
    """How many steps of Adam a run makes, and how large they are.

    Attributes:
        steps: how many in all, those made before a run was stopped included.
        batch_size: of data and of noise.
        learning_rate: of Adam; None is what is usual: 1e-3, and 2e-4 for a DCGAN.
        betas: of Adam.
        schedule: of the learning rate: ``"constant"``, or ``"linear"`` or ``"cosine"``, which let
            it fall to 0 at `steps`.
        max_gradient_norm: what a longer gradient, of all parameters together, is shortened to.
        precision: of the passes: float32, or bfloat16 by autocast, where weights, their moments,
            their average and the losses stay in float32.
        ema_decay: how much less the weights of a step count in their exponential average a step
            later, 0 to below 1; 0 keeps no memory.

    Raises:
        ValueError: for an unknown schedule or precision, or a rate or decay out of range.
    """

    steps: int = 1000
    batch_size: int = 64
    learning_rate: float | None = None
    betas: tuple[float, float] = (0.5, 0.999)
    schedule: str = "constant"
    max_gradient_norm: float | None = None
    precision: torch.dtype = torch.float32
    ema_decay: float = 0.99

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES:
            raise ValueError(
                f"schedule: expected one of {', '.join(SCHEDULES)}, got {self.schedule!r}"
            )
        if self.precision not in PRECISIONS:
            raise ValueError(
                f"precision: expected torch.float32 or torch.bfloat16, got {self.precision}"
            )
        if self.learning_rate is not None and not 0 <= self.learning_rate < math.inf:
            raise ValueError(f"learning_rate: expected 0 or more, got {self.learning_rate}")
        if not 0 <= self.ema_decay < 1:
            raise ValueError(f"ema_decay: expected 0 to below 1, got {self.ema_decay}")

    def adam(self, network: nn.Module) -> torch.optim.Adam:
        """Return the optimiser of a network's parameters, whose rate `set_rates` sets."""
        return torch.optim.Adam(network.parameters(), betas=self.betas)

    def set_rates(
        self, optimizers: Iterable[torch.optim.Optimizer], step: int, usual: float
    ) -> None:
        """Set the rates of a step by their schedule, from `usual` if no rate is given."""
        rate = usual if self.learning_rate is None else self.learning_rate
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * SCHEDULES[self.schedule](step / self.steps)

    def passes(self, device: torch.device) -> torch.autocast:
        """Return the context in which the passes of a step are made."""
        return torch.autocast(device.type, self.precision, enabled=self.precision != torch.float32)

    def descend(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        """Make one step of an optimiser, of a gradient shortened to its bound if it is longer."""
        optimizer.zero_grad()
        loss.backward()
        if self.max_gradient_norm is not None:
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            nn.utils.clip_grad_norm_(parameters, self.max_gradient_norm)
        optimizer.step()
