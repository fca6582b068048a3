"""Parameters of the stages on theory: the correctors, and the rule within autodiff."""

from typing import Annotated

from pydantic import Field, model_validator

from stages.common.params.section import (
    Count,
    Gamma,
    Named,
    NonEmpty,
    Positive,
    Section,
    Seed,
    Widths,
)


class Derive(Section):
    """Appendices A and B: the corrector families, and the step sizes that confirm stability."""

    seed: Seed
    orders: NonEmpty[Annotated[int, Field(ge=1, le=3)]]
    max_degree: Annotated[int, Field(ge=2, le=10)]
    gammas: NonEmpty[Gamma]


class Autodiff(Section):
    """Appendix C: the network that is drawn, and those that the mathematical note measures."""

    seed: Seed
    widths: Widths
    batch_size: Count
    negative_slope: Annotated[float, Field(gt=0, lt=1)]
    items: Count
    size: Annotated[int, Field(ge=3)]
    networks: Named[Widths]
    steps: Count
    learning_rate: Positive
    gammas: NonEmpty[Gamma]
    tolerance: Positive

    @model_validator(mode="after")
    def _enough_items(self) -> "Autodiff":
        if self.items <= self.size:
            raise ValueError(f"items above size, {self.size}, or they cannot be whitened")
        return self
