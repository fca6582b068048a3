"""Parameters of the sweeps of B1 to B4 over learning rates, and of their variants."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stages.common.params.section import (
    Count,
    Distinct,
    Named,
    NonEmpty,
    NotNegative,
    Positive,
    Rates,
    Section,
    Seed,
    Several,
    Widths,
)

Initialization = Literal["default", "kaiming_normal", "orthogonal"]
Optimizer = Literal["sgd", "adam"]


class Lanes(Section):
    """What is trained of one network: every run at every rate, for so many steps."""

    learning_rates: Rates
    runs: Count
    steps: Count
    log_every: Count


class Network(Lanes):
    """One network of the sweep, by its widths."""

    widths: Widths


class Sweep(Section):
    """B1 to B4 under both rules (section 3, Figures 3 and 4)."""

    seed: Seed
    batch_size: Count
    negative_slope: Positive
    initialization: Initialization
    optimizer: Optimizer
    matmul_precision: Literal["highest", "high", "medium"]
    memory_megabytes: Count
    diverged_above: Positive
    networks: Named[Network]


class Variant(Lanes):
    """A sweep of one network trained otherwise; what is left out is as in the section sweep."""

    network: str
    batch_size: Count | None = None
    initialization: Initialization | None = None
    optimizer: Optimizer | None = None


class Start(Section):
    """A network that begins near a projection, and how near: `idem.sweeps.near`.

    A slope of 1 makes it linear; left out, it is that of the section sweep.
    """

    width: Several
    layers: Count
    noise: NotNegative
    bias: NotNegative
    null_dimension: Count
    optimizer: Optimizer
    learning_rates: Rates
    runs: Count
    steps: Count
    negative_slope: Positive | None = None


class Chosen(Section):
    """Which lanes are trained beside a network's sweep; compared are those that both have."""

    learning_rates: Rates
    runs: Count


class Transposed(Section):
    """The rule with the transposed Jacobian, beside the paper's two on lanes of their sweep."""

    networks: Named[Chosen]


class Near(Section):
    """Which rule perfects a map that is almost idempotent."""

    batch_size: Count
    cases: Named[Start]


class CentredCase(Section):
    """The same start with other inputs of its layers, or with some of them held."""

    width: Several
    input_mean: float
    """Added to every element of the data."""
    centres: NonEmpty[float]
    """What is subtracted from the inputs of every layer."""
    trained: Distinct[Count]
    """The layers that are trained, counted from 1."""
    runs: Count

    @model_validator(mode="after")
    def _what_is_trained_is_there(self) -> "CentredCase":
        if max(self.trained) > len(self.centres):
            raise ValueError(
                f"trained: layers up to {len(self.centres)}, as many as centres, got {self.trained}"
            )
        return self


class Centring(Section):
    """Whether it is the mean of a layer's inputs that bounds the rates near a projection."""

    batch_size: Count
    noise: NotNegative
    bias: NotNegative
    learning_rates: Rates
    steps: Count
    falls_to: Annotated[float, Field(gt=0, lt=1)]
    """Part of the relative error at the start to which a run must fall, or it is left."""
    cases: Named[CentredCase]


class CopyingCase(Section):
    """A network that is taught to copy inputs of such a mean."""

    widths: Widths
    input_mean: float
    runs: Count


class Copying(Section):
    """Which rule perfects networks that were taught to copy."""

    batch_size: Count
    teaching_steps: Count
    teaching_rate: Positive
    learning_rates: Rates
    steps: Count
    keeps: Annotated[float, Field(ge=1)]
    """How many times the start's a reconstruction error may be for a rate to count."""
    cases: Named[CopyingCase]


class DataCase(Section):
    """A network trained on so many inputs, in batches of such sizes; every pair is a setting."""

    widths: Widths
    batch_sizes: Distinct[Count]
    data: Distinct[Literal["fresh", "fixed"] | Count]
    """A new batch every step, one batch, or how many inputs there are in all."""
    optimizer: Optimizer
    initialization: Initialization
    learning_rates: Rates
    runs: Count
    steps: Count

    @model_validator(mode="after")
    def _data_come_in_batches(self) -> "DataCase":
        for amount in self.data:
            for size in self.batch_sizes:
                if isinstance(amount, int) and amount % size:
                    raise ValueError(
                        f"every number of data divisible by every one of batch_sizes, got {amount} "
                        f"and {size}"
                    )
        return self


class NewData(Section):
    """What is left of the rules' difference on new inputs, at equal scale."""

    cases: Named[DataCase]
