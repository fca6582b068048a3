"""Parameters that say how networks are trained to generate images."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, create_model, field_validator, model_validator

from stages.common.params.section import (
    Count,
    Decay,
    Distinct,
    Fraction,
    Gamma,
    Named,
    NonEmpty,
    NotNegative,
    Pair,
    Positive,
    Section,
    Seed,
    Several,
    require_known,
)


class Tightness(Section):
    """What the objective of Idempotent Generative Networks has beside the weights of all rules."""

    weight: NotNegative
    clamp: Positive | None
    distance: Literal["mse", "l1"]


class Model(Section):
    """How one kind of U-DCGAN is trained; a rule may be the coefficients of another corrector."""

    rule: (
        Literal["modified", "ordinary", "none", "ign"] | Annotated[list[float], Field(min_length=2)]
    )
    steps: Count | None
    code_normalization: Literal["batch", "group", "decorrelated", "none"]
    weight: NotNegative
    gamma: Gamma
    target: Literal["raw", "ema"]
    tightness: Tightness | None
    noise: Literal["fourier", "gaussian"]
    data_noise: Fraction
    learning_rate: Positive
    learning_rate_schedule: Literal["constant", "linear", "cosine"]
    max_gradient_norm: Positive | None
    ema_decay: Decay

    @model_validator(mode="after")
    def _nothing_is_ignored(self) -> "Model":
        if (self.rule == "ign") != (self.tightness is not None):
            raise ValueError("tightness with the rule ign, and null with all others")
        substitutes = self.rule == "modified" or isinstance(self.rule, list)
        if not substitutes and (self.gamma != 1 or self.target != "raw"):
            raise ValueError(f"gamma 1 and target raw with the rule {self.rule}, without any step")
        if self.rule == "none" and self.weight != 0:
            raise ValueError("weight 0 with the rule none")
        return self


class Validate(Section):
    """When and by how many samples a run is measured, to keep its best averaged weights."""

    every: Count
    samples: Several
    seed: Seed


class Training(Section):
    """What every training of a generator needs, whatever the network and its loss."""

    seeds: Distinct[Seed]
    steps: Count
    batch_size: Several
    betas: Pair[Decay]
    calibration_batches: Count
    log_every: Count
    validation: Validate


class Train(Training):
    """U-DCGAN training (section 3.1): every model with every seed."""

    folder: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    precision: Literal["float32", "bfloat16"]
    channels: NonEmpty[Count]
    bottleneck: Count
    skips: list[Annotated[int, Field(ge=0)]]
    normalization: Literal["batch", "group", "none"]
    models: Named[Model]

    @field_validator("skips")
    @classmethod
    def _levels_exist(cls, skips: list[int], info: ValidationInfo) -> list[int]:
        levels = len(info.data.get("channels", skips))
        if max(skips, default=0) >= levels:
            raise ValueError(f"levels 0 to {levels - 1}, one per entry of channels")
        return skips


class Baselines(Training):
    """A DCGAN of the U-DCGAN's size, and the model whose codes are drawn from a Gaussian."""

    learning_rate: Positive
    ema_decay: Decay
    autoencoder: str


def _optional(section: type[Section], *, without: set[str]) -> dict[str, Any]:
    """Return the fields of a section, each of which may be left out."""
    return {
        name: (field.rebuild_annotation() | None, None)
        for name, field in section.model_fields.items()
        if name not in without
    }


# What is alike for all settings, or has a meaning for all models at once.
_OF_ALL = {"folder", "betas", "calibration_batches", "log_every", "validation", "models"}
_Changes = create_model(
    "_Changes",
    __base__=Section,
    **_optional(Model, without={"steps"}),
    **_optional(Train, without=_OF_ALL),
)


class Setting(_Changes):
    """A model trained in another way: any value of `Model` or `Train`, else theirs."""

    of: str


class Search(Section):
    """The search for a recipe: many settings, trained alike."""

    seeds: Distinct[Seed]
    steps: Count
    models: Named[Model]
    groups: Named[dict[str, Setting]]

    @model_validator(mode="after")
    def _settings_are_of_models(self) -> "Search":
        for name, model in self.models.items():
            if model.steps is not None:
                raise ValueError(f"models.{name}.steps: null, as search.steps is for all")
        for name, setting in (pair for tried in self.groups.values() for pair in tried.items()):
            require_known(setting.of, self.models, f"{name}.of: one of search.models")
        return self


class Perfecting(Section):
    """A way to train a denoiser on: a rule, the weight of its task beside it, and rates."""

    rule: Literal["none", "modified", "ordinary"]
    task: NotNegative
    learning_rates: Distinct[Positive]


class Perfect(Section):
    """A denoiser that is trained on by either rule."""

    seeds: Distinct[Seed]
    seed: Seed
    """Of the noise on the images that are measured."""
    images: Count
    batch_size: Count
    pretraining_steps: Count
    pretraining_rate: Positive
    steps: Count
    ways: NonEmpty[Perfecting]
