"""What sections of a parameter file are made of: the base class, and the kinds of value.

A value has no default: params.yaml is the only place that holds one, so that changing these files
cannot change a result.
"""

from collections.abc import Collection
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

T = TypeVar("T")


class Section(BaseModel):
    """A section of a file: unknown keys and wrong types are errors, nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def require_known(name: str, known: Collection[str], expected: str) -> None:
    """Raise ValueError, with what was `expected` and all that is known, if a name is not known."""
    if name not in known:
        raise ValueError(f"{expected} ({', '.join(known)}), got {name!r}")


def _all_differ(values: list[T]) -> list[T]:
    if len(set(values)) < len(values):
        raise ValueError("values that all differ, as each is measured once")
    return values


def _end_as_they_begin(widths: list[int]) -> list[int]:
    if widths[0] != widths[-1]:
        raise ValueError("a last width equal to the first, as an idempotent map needs")
    return widths


def _ascend(numbers: list[int], info: ValidationInfo) -> list[int]:
    if numbers != sorted(set(numbers)):
        raise ValueError(f"{info.field_name} in ascending order that all differ")
    return numbers


Count = Annotated[int, Field(ge=1)]
Several = Annotated[int, Field(ge=2)]
Seed = Annotated[int, Field(ge=0)]

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Confidence = Annotated[float, Field(gt=0, lt=1)]
Decay = Annotated[float, Field(ge=0, lt=1)]
Gamma = Annotated[float, Field(gt=0, lt=2)]  # step sizes at which the corrector is stable
Gap = Annotated[float, Field(gt=0, lt=0.5)]  # distance of an eigenvalue to the line Re = 1/2
Norm = Annotated[float, Field(gt=1)]  # of an oblique projector

NonEmpty = Annotated[list[T], Field(min_length=1)]
Pair = Annotated[list[T], Field(min_length=2, max_length=2)]
Named = Annotated[dict[str, T], Field(min_length=1)]

Distinct = Annotated[NonEmpty[T], AfterValidator(_all_differ)]
Ascending = Annotated[list[T], AfterValidator(_ascend)]
Rates = Distinct[Positive]
Widths = Annotated[list[Count], Field(min_length=2), AfterValidator(_end_as_they_begin)]
RateByRule = Annotated[dict[Literal["modified", "ordinary"], T], Field(min_length=2)]

FloatType = Literal["float32", "float64"]
Weights = Literal["raw", "ema", "best"]
Mode = Literal["train", "eval"]
