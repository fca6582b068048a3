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
    Weights,
    require_known,
)

Normalization = Literal["batch", "group", "none"]  # of layers


class Tightness(Section):
    """What the objective of Idempotent Generative Networks has beside the weights of all rules."""

    weight: NotNegative
    clamp: Positive | None
    distance: Literal["mse", "l1"]


def _check_beside(rule: object, weight: float, tightness: Tightness | None) -> None:
    """Raise ValueError for what a rule lacks, or would not heed."""
    if rule == "ign" and tightness is None:
        raise ValueError("tightness with the rule ign, of weight 0 for none")
    if rule == "none" and (weight != 0 or tightness is not None):
        raise ValueError("weight 0 and tightness null with the rule none")


class Model(Section):
    """How one kind of U-DCGAN is trained; a rule may be the coefficients of another corrector.

    What is null of ``steps``, ``batch_size`` and ``normalization`` is that of the section `Train`.
    """

    rule: (
        Literal["modified", "ordinary", "transposed", "none", "ign"]
        | Annotated[list[float], Field(min_length=2)]
    )
    steps: Count | None
    batch_size: Several | None
    normalization: Normalization | None
    code_normalization: Normalization | Literal["decorrelated"]
    code_group: Several | Literal["whole"] | None
    weight: NotNegative
    gamma: Gamma
    target: Literal["raw", "ema"]
    tightness: Tightness | None
    align: NotNegative
    noise: Literal["fourier", "gaussian"]
    data_noise: Fraction
    learning_rate: Positive
    learning_rate_schedule: Literal["constant", "linear", "cosine"]
    max_gradient_norm: Positive | None
    ema_decay: Decay

    @model_validator(mode="after")
    def _nothing_is_ignored(self) -> "Model":
        _check_beside(self.rule, self.weight, self.tightness)
        settled = self.tightness is not None or self.rule in ("ordinary", "none")
        if settled and (self.gamma != 1 or self.target != "raw"):
            beside = "tightness" if self.tightness is not None else f"the rule {self.rule}"
            raise ValueError(f"gamma 1 and target raw with {beside}, without any step")
        if (self.code_group is None) != (self.code_normalization != "decorrelated"):
            raise ValueError("code_group with the code_normalization decorrelated, else null")
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


OWN = ("steps", "batch_size", "normalization")  # of a model, where it is not null


class Train(Training):
    """U-DCGAN training (section 3.1): every model with every seed."""

    folder: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    precision: Literal["float32", "bfloat16"]
    channels: NonEmpty[Count]
    bottleneck: Count
    skips: list[Annotated[int, Field(ge=0)]]
    normalization: Normalization
    eval_batches: Annotated[int, Field(ge=0)]
    """Of data and of noise, whose statistics eval mode has in a validation; 0: no eval mode."""
    models: Named[Model]

    @field_validator("skips")
    @classmethod
    def _levels_exist(cls, skips: list[int], info: ValidationInfo) -> list[int]:
        levels = len(info.data.get("channels", skips))
        if max(skips, default=0) >= levels:
            raise ValueError(f"levels 0 to {levels - 1}, one per entry of channels")
        return skips

    def of(self, model: Model) -> "Train":
        """Return the section with what a model has of its own."""
        own = {name: getattr(model, name) for name in OWN}
        return self.model_copy(update={k: value for k, value in own.items() if value is not None})


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
_OF_ALL = {
    "folder",
    "eval_batches",
    "betas",
    "calibration_batches",
    "log_every",
    "validation",
    "models",
}
_Changes = create_model(
    "_Changes",
    __base__=Section,
    **_optional(Model, without=set(OWN)),
    **_optional(Train, without=_OF_ALL),
)


class Setting(_Changes):
    """A model trained in another way: any value of `Model` or `Train`, else theirs."""

    of: str
    side: Count | None = None
    """Of the images, cut out of the middle: 28 is MNIST's own, before it was padded."""

    def given(self) -> dict[str, Any]:
        """Return what it changes, by key."""
        whole = self.model_dump(exclude={"of"})
        return {key: value for key, value in whole.items() if value is not None}


class Search(Section):
    """The search for a recipe: many settings, trained alike."""

    seeds: Distinct[Seed]
    steps: Count
    models: Named[Model]
    ranked: Distinct[str]
    """The groups whose settings are compared with each other."""
    groups: Named[dict[str, Setting]]

    @model_validator(mode="after")
    def _settings_are_of_models(self) -> "Search":
        for name, model in self.models.items():
            if model.steps is not None:
                raise ValueError(f"models.{name}.steps: null, as search.steps is for all")
        for name, setting in (pair for tried in self.groups.values() for pair in tried.items()):
            require_known(setting.of, self.models, f"{name}.of: one of search.models")
        for name in self.ranked:
            require_known(name, self.groups, "every group of ranked among search.groups")
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


class Way(Section):
    """A way to train a network as one map of single images."""

    rule: Literal["none", "modified", "ordinary", "ign"]
    weight: NotNegative
    tightness: Tightness | None
    matching: NotNegative
    """Weight of the penalty on samples whose statistics are not those of data."""

    @model_validator(mode="after")
    def _nothing_is_ignored(self) -> "Way":
        _check_beside(self.rule, self.weight, self.tightness)
        if self.rule != "ign" and self.tightness is not None and self.tightness.distance != "mse":
            raise ValueError(f"tightness.distance mse with the rule {self.rule}")
        return self


class Freezing(Way):
    """A way to train a trained network on, as the map that it is in evaluation mode."""

    of: str
    """Of train.models: whose weights."""
    noise: Literal["fourier", "covariance"]


class FromScratch(Section):
    """Networks that are trained from the start as one map; measured as in `Frozen`."""

    bottleneck: Count
    steps: Count
    warm_up: Count
    """Steps over which the weights of the rule, of tightness and of matching grow to the whole."""
    batch_size: Several
    learning_rate: Positive
    """At the first step; it falls to 0 at the last."""
    ema_decay: Decay
    every: Count
    """Steps between two measurements."""
    ways: Named[Way]

    @model_validator(mode="after")
    def _it_is_warm_in_the_end(self) -> "FromScratch":
        if self.warm_up > self.steps:
            raise ValueError(f"warm_up of at most steps, {self.steps}, got {self.warm_up}")
        return self


class Frozen(Section):
    """Trained networks that are trained on with their statistics frozen."""

    weights: Weights
    """That they begin with."""
    steps: Count
    batch_size: Several
    learning_rate: Positive
    """At the first step; it falls to 0 at the last."""
    ema_decay: Decay
    every: Count
    """Steps between two measurements."""
    samples: Several
    """Of noise, and of test images, that are measured."""
    seed: Seed
    """Of the noise that is measured."""
    shown_samples: Count
    shown_seed: Seed
    """One of train.seeds, whose samples are drawn."""
    ways: Named[Freezing]
