"""What a params.yaml may contain: one class a stage, checked before any work.

A value has no default here: params.yaml is the only place that holds one, so that changing this
file cannot change a result.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, TypeVar, cast

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0)]
T = TypeVar("T")
Share = Annotated[float, Field(ge=0, le=1)]
Decay = Annotated[float, Field(ge=0, lt=1)]


class Section(BaseModel):
    """A section of params.yaml: unknown keys and wrong types are errors, nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Derive(Section):
    """Appendices A and B: the corrector families, and the step sizes that confirm stability."""

    seed: Seed
    orders: Annotated[list[Annotated[int, Field(ge=1, le=3)]], Field(min_length=1)]
    max_degree: Annotated[int, Field(ge=2, le=10)]
    gammas: Annotated[list[Annotated[float, Field(gt=0, lt=2)]], Field(min_length=1)]


class Linear(Section):
    """The recurrence study and Figures 1 and 2."""

    seed: Seed
    size: Annotated[int, Field(ge=2)]
    runs: Count
    larger_sizes: list[Annotated[int, Field(ge=2)]]
    norms: Annotated[list[Annotated[float, Field(gt=1)]], Field(min_length=1)]
    gaps: Annotated[list[Annotated[float, Field(gt=0, lt=0.5)]], Field(min_length=1)]
    dtypes: Annotated[
        list[Literal["float16", "bfloat16", "float32", "float64", "complex64", "complex128"]],
        Field(min_length=1),
    ]
    gammas: Annotated[list[Annotated[float, Field(gt=0, lt=2)]], Field(min_length=1)]
    normal_radii: Annotated[list[Annotated[float, Field(gt=0, lt=0.5)]], Field(min_length=1)]
    low_rank_noise: Positive
    noises: Annotated[list[Positive], Field(min_length=2, max_length=2)]
    ensemble_scales: Annotated[list[Positive], Field(min_length=1)]
    ensemble_count: Count
    iterations: Count
    bailout: Annotated[float, Field(gt=1)]
    map_range: Annotated[list[float], Field(min_length=2, max_length=2)]
    map_points: Count
    cobweb_starts: Annotated[list[float], Field(min_length=1)]
    figure_gammas: Annotated[
        list[Annotated[float, Field(gt=0, lt=2)]], Field(min_length=1, max_length=4)
    ]
    plane_width: Annotated[int, Field(ge=2, multiple_of=2)]
    plane_height: Annotated[int, Field(ge=2, multiple_of=2)]
    plane_reach: Positive
    plane_gap: Annotated[float, Field(gt=0, lt=0.5)]

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
    size: Annotated[int, Field(ge=2)]
    count: Count
    norms: Annotated[list[Annotated[float, Field(gt=1)]], Field(min_length=1)]
    gaps: Annotated[list[Annotated[float, Field(gt=0, lt=0.5)]], Field(min_length=1)]
    floor_factor: Annotated[float, Field(gt=1)]
    inverse_price: Positive


class Network(Section):
    """One network of the sweep: its widths and the grid it is trained on."""

    widths: Annotated[list[Count], Field(min_length=2)]
    learning_rates: Annotated[list[Positive], Field(min_length=1)]
    runs: Count
    steps: Count
    log_every: Count

    @field_validator("learning_rates")
    @classmethod
    def _rates_differ(cls, rates: list[float]) -> list[float]:
        if len(set(rates)) < len(rates):
            raise ValueError("rates that all differ, as each is a lane of its own")
        return rates

    @field_validator("widths")
    @classmethod
    def _maps_a_space_into_itself(cls, widths: list[int]) -> list[int]:
        if widths[0] != widths[-1]:
            raise ValueError("a last width equal to the first, as an idempotent map needs")
        return widths


class Sweep(Section):
    """B1 to B4 under both rules (section 3, Figures 3 and 4)."""

    seed: Seed
    batch_size: Count
    negative_slope: Positive
    initialization: Literal["default", "kaiming_normal", "orthogonal"]
    optimizer: Literal["sgd", "adam"]
    matmul_precision: Literal["highest", "high", "medium"]
    memory_megabytes: Count
    diverged_above: Positive
    networks: Annotated[dict[str, Network], Field(min_length=1)]


class Place(Section):
    """Where the curvature is measured: after so many steps at a rate; at the start, after none."""

    steps: Annotated[int, Field(ge=0)]
    learning_rate: Positive
    applications: Count
    fresh_batches: Annotated[int, Field(ge=0)]


class Stable(Section):
    """How one network's largest stable rate is predicted and measured."""

    precision: Literal["float32", "float64"]
    places: Annotated[list[Place], Field(min_length=1)]
    steps: Count
    learning_rates: Annotated[
        dict[Literal["modified", "ordinary"], Annotated[list[Positive], Field(min_length=1)]],
        Field(min_length=2),
    ]

    @field_validator("places")
    @classmethod
    def _places_differ_and_begin_at_the_start(cls, places: list[Place]) -> list[Place]:
        if places[0].steps:
            raise ValueError("a first place of 0 steps, which the measured rates are compared with")
        if len({place.steps for place in places}) < len(places):
            raise ValueError("places after numbers of steps that all differ")
        return places


class LinearLayer(Section):
    """One linear layer near the zero map, where the largest stable rate is known exactly."""

    width: Count
    batch_size: Count
    steps: Count
    learning_rates: Annotated[list[Positive], Field(min_length=1)]


class Stability(Section):
    """The largest stable rate of every network, predicted and measured: claim T5."""

    seed: Seed
    diverged_above: Positive
    control: LinearLayer
    networks: Annotated[dict[str, Stable], Field(min_length=1)]


class Variant(Section):
    """A sweep of one network with another setting; what is left out is as in the section sweep."""

    network: str
    learning_rates: Annotated[list[Positive], Field(min_length=1)]
    runs: Count
    steps: Count
    log_every: Count
    batch_size: Count | None = None
    initialization: Literal["default", "kaiming_normal", "orthogonal"] | None = None
    optimizer: Literal["sgd", "adam"] | None = None

    @field_validator("learning_rates")
    @classmethod
    def _rates_differ(cls, rates: list[float]) -> list[float]:
        if len(set(rates)) < len(rates):
            raise ValueError("rates that all differ, as each is a lane of its own")
        return rates


class Cost(Section):
    """What a training step costs, by depth: claim T1."""

    batch_size: Count
    depths: Annotated[list[Count], Field(min_length=3)]
    widths: Annotated[list[Count], Field(min_length=1)]

    @field_validator("depths")
    @classmethod
    def _depths_ascend(cls, depths: list[int]) -> list[int]:
        if depths != sorted(set(depths)):
            raise ValueError("depths in ascending order that all differ")
        return depths


class GradientStudy(Section):
    """Both rules from one start, at a rate each: how their updates compare along the way."""

    network: str
    precision: Literal["float32", "float64"]
    learning_rates: Annotated[dict[Literal["modified", "ordinary"], Positive], Field(min_length=2)]
    runs: Count
    steps: Annotated[int, Field(ge=2)]
    logged: Annotated[int, Field(ge=2)]


class Study(GradientStudy):
    """A network small enough for all that is measured of two routes."""

    spectrum_items: Count


class Trajectory(Section):
    """Whether the rules travel different routes in the loss landscape: the TODO of section 3."""

    items: Count
    perturbation: Positive
    fixed_tolerance: Positive
    interpolation_points: Annotated[int, Field(ge=3)]
    surface_points: Annotated[int, Field(ge=2)]
    surface_margin: NotNegative
    shown_eigenvalues: Count
    constant_below: Positive
    least_barrier: Positive
    confidence: Annotated[float, Field(gt=0, lt=1)]
    studies: Annotated[dict[str, Study], Field(min_length=1)]
    gradients: dict[str, GradientStudy]


class Autodiff(Section):
    """Appendix C: the network that is drawn, and those that the mathematical note measures."""

    seed: Seed
    widths: Annotated[list[Count], Field(min_length=2)]
    batch_size: Count
    negative_slope: Annotated[float, Field(gt=0, lt=1)]
    items: Count
    size: Annotated[int, Field(ge=3)]
    networks: Annotated[dict[str, Annotated[list[Count], Field(min_length=2)]], Field(min_length=1)]
    steps: Count
    learning_rate: Positive
    gammas: Annotated[list[Annotated[float, Field(gt=0, lt=2)]], Field(min_length=1)]
    tolerance: Positive

    @model_validator(mode="after")
    def _enough_items(self) -> "Autodiff":
        if self.items <= self.size:
            raise ValueError(f"items above size, {self.size}, or they cannot be whitened")
        for widths in (self.widths, *self.networks.values()):
            if widths[0] != widths[-1]:
                raise ValueError(
                    f"a last width equal to the first, as an idempotent map needs, got {widths}"
                )
        return self


class Prepare(Section):
    """A data set as square uint8 arrays; every network here halves its images three times."""

    image_size: Annotated[int, Field(ge=32, multiple_of=8)]


class PrepareMNIST(Prepare):
    """As `Prepare`, with images held out of the official training split."""

    valid_images: Annotated[int, Field(ge=2, le=30_000)]


class PrepareCelebA(Prepare):
    """As `Prepare`, from an archive of which a share may be left out."""

    most_broken: Share


class Classifier(Section):
    """The classifier whose features the Frechet distance uses."""

    seed: Seed
    epochs: Count
    batch_size: Annotated[int, Field(ge=1, le=60_000)]
    learning_rate: Positive


class Tightness(Section):
    """What the objective of Idempotent Generative Networks has beside the weights of all rules."""

    weight: NotNegative
    clamp: Positive | None
    distance: Literal["mse", "l1"]


Rule = Literal["modified", "ordinary", "none", "ign"] | Annotated[list[float], Field(min_length=2)]
CodeNormalization = Literal["batch", "group", "decorrelated", "none"]


class Model(Section):
    """How one kind of U-DCGAN is trained; a rule may be the coefficients of another corrector."""

    rule: Rule
    steps: Count | None
    code_normalization: CodeNormalization
    weight: NotNegative
    gamma: Annotated[float, Field(gt=0, lt=2)]
    target: Literal["raw", "ema"]
    tightness: Tightness | None
    noise: Literal["fourier", "gaussian"]
    data_noise: Share
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
    samples: Annotated[int, Field(ge=2)]
    seed: Seed


class Train(Section):
    """U-DCGAN training (section 3.1): every model with every seed."""

    folder: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    seeds: Annotated[list[Seed], Field(min_length=1)]
    steps: Count
    batch_size: Annotated[int, Field(ge=2)]
    betas: Annotated[list[Annotated[float, Field(ge=0, lt=1)]], Field(min_length=2, max_length=2)]
    precision: Literal["float32", "bfloat16"]
    calibration_batches: Count
    log_every: Count
    validation: Validate
    channels: Annotated[list[Count], Field(min_length=1)]
    bottleneck: Count
    skips: list[Annotated[int, Field(ge=0)]]
    normalization: Literal["batch", "group", "none"]
    models: Annotated[dict[str, Model], Field(min_length=1)]

    @field_validator("skips")
    @classmethod
    def _levels_exist(cls, skips: list[int], info: ValidationInfo) -> list[int]:
        levels = len(info.data.get("channels", skips))
        if max(skips, default=0) >= levels:
            raise ValueError(f"levels 0 to {levels - 1}, one per entry of channels")
        return skips

    def steps_of(self, model: Model) -> int:
        """Return how many steps a model makes: its own number, or that of all."""
        return self.steps if model.steps is None else model.steps


class Score(Section):
    """How samples are scored: see stages/generative/scoring.py."""

    batch_size: Annotated[int, Field(ge=2)]
    confidence: Share
    least_share: Share
    pairs: Annotated[int, Field(ge=2)]


class Setting(Section):
    """A model trained in another way; what is left out is as in the model or the section train."""

    of: str
    rule: Rule | None = None
    code_normalization: CodeNormalization | None = None
    weight: NotNegative | None = None
    gamma: Annotated[float, Field(gt=0, lt=2)] | None = None
    target: Literal["raw", "ema"] | None = None
    tightness: Tightness | None = None
    noise: Literal["fourier", "gaussian"] | None = None
    data_noise: Share | None = None
    learning_rate: Positive | None = None
    learning_rate_schedule: Literal["constant", "linear", "cosine"] | None = None
    max_gradient_norm: Positive | None = None
    ema_decay: Decay | None = None
    seeds: Annotated[list[Seed], Field(min_length=1)] | None = None
    steps: Count | None = None
    batch_size: Annotated[int, Field(ge=2)] | None = None
    precision: Literal["float32", "bfloat16"] | None = None
    channels: Annotated[list[Count], Field(min_length=1)] | None = None
    bottleneck: Count | None = None
    skips: list[Annotated[int, Field(ge=0)]] | None = None
    normalization: Literal["batch", "group", "none"] | None = None


class Settings(Section):
    """The search for a recipe: many settings, trained alike."""

    seeds: Annotated[list[Seed], Field(min_length=1)]
    steps: Count
    models: Annotated[dict[str, Model], Field(min_length=1)]
    rounds: Annotated[dict[str, dict[str, Setting]], Field(min_length=1)]

    @model_validator(mode="after")
    def _settings_are_of_models(self) -> "Settings":
        for name, model in self.models.items():
            if model.steps is not None:
                raise ValueError(f"models.{name}.steps: null, as settings.steps is for all")
        for name, setting in (pair for tried in self.rounds.values() for pair in tried.items()):
            if setting.of not in self.models:
                known = ", ".join(self.models)
                raise ValueError(f"{name}.of: one of settings.models ({known}), got {setting.of!r}")
        return self


class Baselines(Section):
    """A DCGAN of the U-DCGAN's size, and the model whose codes are drawn from a Gaussian."""

    seeds: Annotated[list[Seed], Field(min_length=1)]
    steps: Count
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: Positive
    betas: Annotated[list[Annotated[float, Field(ge=0, lt=1)]], Field(min_length=2, max_length=2)]
    ema_decay: Decay
    calibration_batches: Count
    log_every: Count
    validation: Validate
    autoencoder: str


class Evaluate(Section):
    """Measurements of the trained U-DCGANs and the samples of Figure 5."""

    seed: Seed
    samples: Annotated[int, Field(ge=4)]
    images: Annotated[int, Field(ge=4)]
    drift_samples: Annotated[int, Field(ge=2)]
    applications: Count
    sizes: Annotated[list[Annotated[int, Field(ge=2)]], Field(min_length=2)]
    nearest_k: Count
    neighbours: Count
    confidence: Annotated[float, Field(gt=0, lt=1)]
    shown_samples: Count
    shown_weights: Literal["raw", "ema", "best"]
    shown_mode: Literal["train", "eval"]

    @model_validator(mode="after")
    def _counts_fit(self) -> "Evaluate":
        if self.sizes != sorted(set(self.sizes)):
            raise ValueError("sizes in ascending order that all differ")
        if self.samples < self.nearest_k + 2:
            raise ValueError(f"a nearest_k of at most samples - 2, {self.samples - 2}")
        return self


class Restore(Section):
    """What the trained networks make of spoilt test images."""

    seed: Seed
    images: Count
    batch_size: Annotated[int, Field(ge=2)]
    training_images: Count
    weights: Annotated[list[Literal["raw", "ema", "best"]], Field(min_length=1)]
    modes: Annotated[list[Literal["train", "eval"]], Field(min_length=1)]
    resamples: Count
    confidence: Annotated[float, Field(gt=0, lt=1)]
    shown_images: Count
    shown_weights: Literal["raw", "ema", "best"]
    shown_mode: Literal["train", "eval"]

    @model_validator(mode="after")
    def _what_is_shown_is_measured(self) -> "Restore":
        if self.images % self.batch_size:
            raise ValueError("a batch_size that divides images, as BatchNorm needs equal batches")
        if self.shown_images > self.images:
            raise ValueError(f"shown_images of at most images, {self.images}")
        if self.shown_weights not in self.weights or self.shown_mode not in self.modes:
            raise ValueError("shown_weights among weights and shown_mode among modes")
        return self


class Latent(Section):
    """The latent space of the trained networks: the TODO of section 3.1."""

    seed: Seed
    images: Annotated[int, Field(ge=2)]
    variance_share: Annotated[float, Field(gt=0, le=1)]
    batch_size: Annotated[int, Field(ge=2)]
    applications: Annotated[int, Field(ge=2)]
    points: Count
    tolerance: Annotated[float, Field(gt=0, lt=0.5)]
    pairs: Count
    steps: Annotated[int, Field(ge=3)]
    embedded: Count
    perplexity: Positive
    embedding_steps: Annotated[int, Field(ge=250)]
    weights: Literal["raw", "ema", "best"]
    shown_mode: Literal["train", "eval"]

    @model_validator(mode="after")
    def _there_are_as_many_images(self) -> "Latent":
        if max(self.points, 2 * self.pairs) > self.batch_size:
            raise ValueError(f"points and twice pairs of at most batch_size, {self.batch_size}")
        if max(self.batch_size, self.embedded) > self.images:
            raise ValueError(f"batch_size and embedded of at most images, {self.images}")
        if self.perplexity >= 4 * self.embedded:
            raise ValueError("a perplexity below four times embedded, the points of a plane")
        return self


class Plot(Section):
    """Which networks the paper's Figures 3 and 4 show, and which studies that of the routes."""

    figure_3: Annotated[list[str], Field(min_length=1)]
    figure_4: Annotated[list[str], Field(min_length=1)]
    figure_trajectory: Annotated[list[str], Field(min_length=1)]


class Judging(Section):
    """What counts as a difference between models, and as a result."""

    least_runs: Count
    least_effect: Positive
    least_digits: Annotated[int, Field(ge=1, le=10)]
    projection_below: Positive


class Claims(Judging):
    """What counts for the claims of the whole paper."""

    confidence: Annotated[float, Field(gt=0, lt=1)]
    near_zero: Positive
    comparable: Positive
    collapsed_below: Annotated[float, Field(gt=0, lt=1)]
    precision_factor: Positive
    share_expected: Share
    equality_tolerance: Positive
    linear_exponent_tolerance: Positive


class GenerativeClaims(Judging):
    """What counts for those of a generative study: digits or coverage, as the images have it."""

    least_coverage: Share


class Paper(Section):
    """The whole of the paper's parameters; the rules of judging are those of the laptop's."""

    sweep: Sweep
    variants: Annotated[dict[str, Variant], Field(min_length=1)]

    @model_validator(mode="after")
    def _studied_networks_are_swept(self) -> "Paper":
        _check_networks(self.sweep, _networks_of(self.variants))
        return self


class Features(Section):
    """The principal components along which features of photographs are compared."""

    images: Count
    components: Annotated[int, Field(ge=1, le=1280)]
    floors: Annotated[list[Annotated[int, Field(ge=2)]], Field(min_length=1)]

    @model_validator(mode="after")
    def _components_have_images(self) -> "Features":
        if self.images <= self.components:
            raise ValueError(f"images above components, {self.components}, got {self.images}")
        return self


class Generative(Section):
    """What trains and measures U-DCGANs, at every scale and on every data set."""

    train: Train
    score: Score
    evaluate: Evaluate
    restore: Restore
    latent: Latent

    @model_validator(mode="after")
    def _batches_are_equal(self) -> "Generative":
        size, given = self.score.batch_size, self.evaluate
        counts = {
            "evaluate.samples": given.samples,
            "evaluate.images": given.images,
            "the last of evaluate.sizes": max(given.sizes),
            "train.validation.samples": self.train.validation.samples,
        }
        for name, count in counts.items():
            if count % size:
                raise ValueError(
                    f"{name} divisible by score.batch_size, as BatchNorm needs batches of one "
                    f"size, got {count} and {size}"
                )
        return self


class CelebA(Generative):
    """The whole of stages/pipelines/celeba/params.yaml."""

    prepare: PrepareCelebA
    features: Features
    claims: GenerativeClaims
    baselines: Baselines


class GenerativeStudy(Generative):
    """The whole of stages/pipelines/study/params.yaml: the generative study at length."""

    settings: Settings
    claims: GenerativeClaims
    baselines: Baselines


class Params(Generative):
    """The whole of params.yaml, at the top."""

    derive: Derive
    linear: Linear
    peers: Peers
    sweep: Sweep
    stability: Stability
    variants: Annotated[dict[str, Variant], Field(min_length=1)]
    cost: Cost
    autodiff: Autodiff
    trajectory: Trajectory
    prepare: PrepareMNIST
    classifier: Classifier
    plot: Plot
    claims: Claims

    @model_validator(mode="after")
    def _images_can_be_halved(self) -> "Params":
        side, levels = self.prepare.image_size, len(self.train.channels)
        if side % 2**levels:
            raise ValueError(
                f"prepare.image_size divisible by 2 once per entry of train.channels, got {side} "
                f"and {levels} entries"
            )
        return self

    @model_validator(mode="after")
    def _plotted_networks_are_swept(self) -> "Params":
        for name in (*self.plot.figure_3, *self.plot.figure_4):
            if name not in self.sweep.networks:
                known = ", ".join(self.sweep.networks)
                raise ValueError(
                    f"every network of plot among sweep.networks ({known}), got {name!r}"
                )
        return self

    @model_validator(mode="after")
    def _plotted_studies_are_made(self) -> "Params":
        for name in self.plot.figure_trajectory:
            if name not in self.trajectory.studies:
                known = ", ".join(self.trajectory.studies)
                raise ValueError(
                    f"every study of plot.figure_trajectory among trajectory.studies ({known}), "
                    f"got {name!r}"
                )
        return self

    @model_validator(mode="after")
    def _studied_networks_are_swept(self) -> "Params":
        studied = {f"stability.networks.{name}": name for name in self.stability.networks}
        studied |= _networks_of(self.variants)
        routes = {**self.trajectory.studies, **self.trajectory.gradients}
        studied |= {f"trajectory.{name}.network": study.network for name, study in routes.items()}
        _check_networks(self.sweep, studied)
        return self


def _networks_of(variants: Mapping[str, Variant]) -> dict[str, str]:
    return {f"variants.{name}.network": variant.network for name, variant in variants.items()}


def _check_networks(section: Sweep, studied: Mapping[str, str]) -> None:
    for key, name in studied.items():
        if name not in section.networks:
            known = ", ".join(section.networks)
            raise ValueError(f"{key}: a network of sweep.networks ({known}), got {name!r}")


# By the last two folders of a pipeline's params.yaml; all others are `Params`.
WHOLE = {
    ("pipelines", "paper"): Paper,
    ("pipelines", "celeba"): CelebA,
    ("pipelines", "study"): GenerativeStudy,
}


def read(path: Path) -> Params:
    """Read and check a whole parameter file; on the first wrong value, say all that is wrong.

    Returns:
        Every section of `Params`, or those alone that the pipeline of this folder has.

    Raises:
        SystemExit: with one line a fault, naming file, key, what was expected and what was got.
    """
    try:
        whole = WHOLE.get(path.resolve().parts[-3:-1], Params)
        return cast(Params, whole.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))))
    except FileNotFoundError:
        _fail([f"{path}: no such file; run from the top of the repository"])
    except yaml.YAMLError as error:
        _fail([f"{path}: not valid YAML: {' '.join(str(error).split())}"])
    except ValidationError as error:
        _fail([_describe(path, fault) for fault in error.errors()])


def arguments(description: str, **positional: str) -> argparse.Namespace:
    """Parse a stage's command line: its positional words, `--params FILE` and `--metrics DIR`."""
    parser = argparse.ArgumentParser(description=description)
    for name, meaning in positional.items():
        parser.add_argument(name, help=meaning)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--metrics", type=Path, default=Path("metrics/laptop"))
    return parser.parse_args()


def choose(options: Mapping[str, T], name: str, kind: str) -> T:
    """Return `options[name]`, or stop with the list of valid names."""
    if name not in options:
        _fail([f"unknown {kind} {name!r}: expected one of {', '.join(options)}"])
    return options[name]


def _describe(path: Path, fault: Any) -> str:
    key = ".".join(str(part) for part in fault["loc"]) or "(whole file)"
    if fault["type"] == "missing":
        return f"{path}: {key}: missing; expected a value here"
    if fault["type"] == "extra_forbidden":
        return (
            f"{path}: {key}: unknown key, got {fault['input']!r}; remove it or check its spelling"
        )
    expected = fault["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    if not fault["loc"] and fault["type"] == "value_error":
        return f"{path}: expected {expected}"
    return f"{path}: {key}: expected {expected}, got {fault['input']!r}"


def _fail(lines: list[str]) -> NoReturn:
    sys.exit("\n".join(lines))
