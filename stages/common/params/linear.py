"""Parameters of the stages on linear maps: the recurrence, and its cost beside known iterations."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from stages.common.params.section import (
    Count,
    Gamma,
    Gap,
    NonEmpty,
    Norm,
    Pair,
    Positive,
    Section,
    Seed,
    Several,
)

EvenCount = Annotated[int, Field(ge=2, multiple_of=2)]


class Linear(Section):
    """The recurrence study and Figures 1 and 2."""

    seed: Seed
    size: Several
    runs: Count
    larger_sizes: list[Several]
    norms: NonEmpty[Norm]
    gaps: NonEmpty[Gap]
    dtypes: NonEmpty[
        Literal["float16", "bfloat16", "float32", "float64", "complex64", "complex128"]
    ]
    gammas: NonEmpty[Gamma]
    normal_radii: NonEmpty[Gap]
    low_rank_noise: Positive
    noises: Pair[Positive]
    ensemble_scales: NonEmpty[Positive]
    ensemble_count: Count
    iterations: Count
    bailout: Annotated[float, Field(gt=1)]
    map_range: Pair[float]
    map_points: Count
    cobweb_starts: NonEmpty[float]
    figure_gammas: Annotated[list[Gamma], Field(min_length=1, max_length=4)]
    plane_width: EvenCount
    plane_height: EvenCount
    plane_reach: Positive
    plane_gap: Gap

    @field_validator("figure_gammas")
    @classmethod
    def _what_leaves_has_escaped(cls, gammas: list[float], info: ValidationInfo) -> list[float]:
        least = 1 / (info.data.get("bailout", 10.0) ** 2 - 0.25)
        if min(gammas) < least:
            raise ValueError(f"values of {least:.6g} or more, as bailout is too small for others")
        return gammas


class Peers(Section):
    """What every known iteration costs, on matrices with a gap and an oblique projector."""

    seed: Seed
    size: Several
    count: Count
    norms: NonEmpty[Norm]
    gaps: NonEmpty[Gap]
    floor_factor: Annotated[float, Field(gt=1)]
    inverse_price: Positive
