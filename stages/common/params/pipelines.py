"""The whole parameter file of each pipeline: its sections, and what must fit between them.

Sections that pipelines have in common stand in classes of their own, `Swept`, `Generative` and
`GenerativeStudy`, for the stages that serve more than one pipeline.
"""

from pydantic import model_validator

from stages.common.params.claims import Claims, Judging, PhotographClaims, StudyClaims
from stages.common.params.data import PrepareCelebA, PrepareMNIST
from stages.common.params.evaluation import (
    Classifier,
    Evaluate,
    Features,
    Latent,
    Restore,
    Score,
    Statistics,
)
from stages.common.params.generative import (
    Baselines,
    FromScratch,
    Frozen,
    Perfect,
    Search,
    Train,
)
from stages.common.params.landscape import Cost, Flow, Stability, Trajectory
from stages.common.params.linear import Linear, Peers
from stages.common.params.published import Published, Readings, StandIn, Walks
from stages.common.params.section import Named, NonEmpty, Section, require_known
from stages.common.params.sweeps import (
    Centring,
    Copying,
    Near,
    NewData,
    Sweep,
    Transposed,
    Variant,
)
from stages.common.params.theory import Autodiff, Derive


class Pipeline(Section):
    """A whole parameter file, of whichever pipeline."""


class Swept(Pipeline):
    """The sweeps, at every scale."""

    sweep: Sweep
    variants: Named[Variant]
    published: Published
    near: Near
    newdata: NewData
    transposed: Transposed

    @model_validator(mode="after")
    def _networks_are_swept(self) -> "Swept":
        for key, name in self._networks_used().items():
            require_known(name, self.sweep.networks, f"{key}: a network of sweep.networks")
        return self

    @model_validator(mode="after")
    def _lanes_are_shared(self) -> "Swept":
        for name, chosen in self.transposed.networks.items():
            swept = self.sweep.networks[name].learning_rates
            if not set(chosen.learning_rates) & set(swept):
                raise ValueError(
                    f"a rate of sweep.networks.{name} ({', '.join(map(str, swept))}) among "
                    f"transposed.networks.{name}.learning_rates, got {chosen.learning_rates}"
                )
        return self

    def _networks_used(self) -> dict[str, str]:
        """Return the networks of the sweep that other sections name, by where they do."""
        return {f"variants.{name}.network": v.network for name, v in self.variants.items()} | {
            f"{section}.networks.{name}": name
            for section, networks in (
                ("published", self.published.networks),
                ("transposed", self.transposed.networks),
            )
            for name in networks
        }


class Generative(Pipeline):
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


class GenerativeStudy(Generative):
    """A generative study of its own: with baselines from outside, and verdicts."""

    baselines: Baselines
    claims: Judging


class Plot(Section):
    """Which networks the figures of sweeps and cost show, and studies of routes."""

    sweep: NonEmpty[str]
    figure_trajectory: NonEmpty[str]


class Laptop(Swept, Generative):
    """The pipeline at the top: all of the paper within a quarter of an hour."""

    derive: Derive
    linear: Linear
    peers: Peers
    stability: Stability
    cost: Cost
    autodiff: Autodiff
    flow: Flow
    trajectory: Trajectory
    prepare: PrepareMNIST
    classifier: Classifier
    plot: Plot
    claims: Claims

    @model_validator(mode="after")
    def _images_can_be_halved(self) -> "Laptop":
        side, levels = self.prepare.image_size, len(self.train.channels)
        if side % 2**levels:
            raise ValueError(
                f"prepare.image_size divisible by 2 once per entry of train.channels, got {side} "
                f"and {levels} entries"
            )
        return self

    @model_validator(mode="after")
    def _flow_is_of_one_layer(self) -> "Laptop":
        widths = self.sweep.networks[self.flow.network].widths
        if len(widths) > 2:
            raise ValueError(f"a network of one layer as flow.network, got one of widths {widths}")
        return self

    @model_validator(mode="after")
    def _what_is_plotted_is_made(self) -> "Laptop":
        for name in self.plot.sweep:
            require_known(name, self.sweep.networks, "every network of plot among sweep.networks")
        for name in self.plot.figure_trajectory:
            require_known(
                name,
                self.trajectory.studies,
                "every study of plot.figure_trajectory among trajectory.studies",
            )
        return self

    def _networks_used(self) -> dict[str, str]:
        routes = {**self.trajectory.studies, **self.trajectory.gradients}
        return {
            **super()._networks_used(),
            **{f"stability.networks.{name}": name for name in self.stability.networks},
            "flow.network": self.flow.network,
            **{f"trajectory.{name}.network": study.network for name, study in routes.items()},
        }


class Paper(Swept):
    """The sweeps at the paper's scale; their verdicts follow the rules of the laptop's."""

    stand_ins: Named[StandIn]
    readings: Readings
    walks: Walks
    centring: Centring
    copying: Copying

    @model_validator(mode="after")
    def _lines_are_published(self) -> "Paper":
        for name, of in self.stand_ins.items():
            expected = f"stand_ins.{name}.network: a network of published.networks"
            require_known(of.network, self.published.networks, expected)
        return self

    @model_validator(mode="after")
    def _other_widths_are_read(self) -> "Paper":
        for name, of in self.readings.widths.items():
            expected = f"readings.widths.{name}.networks: networks of readings.networks"
            for network in of.networks:
                require_known(network, self.readings.networks, expected)
        return self

    @model_validator(mode="after")
    def _walked_widths_are_read(self) -> "Paper":
        for name, of in self.walks.cases.items():
            expected = f"walks.cases.{name}.widths: a key of readings.widths"
            require_known(of.widths, self.readings.widths, expected)
        return self

    def _networks_used(self) -> dict[str, str]:
        return {
            **super()._networks_used(),
            **{f"readings.networks.{name}": name for name in self.readings.networks},
            "walks.network": self.walks.network,
        }


class MNISTStudy(GenerativeStudy):
    """The generative study at length, on MNIST, with the search for its recipe."""

    search: Search
    perfect: Perfect
    frozen: Frozen
    from_scratch: FromScratch
    statistics: Statistics
    claims: StudyClaims

    @model_validator(mode="after")
    def _eval_mode_is_measured(self) -> "MNISTStudy":
        if not self.train.eval_batches:
            raise ValueError("train.eval_batches of 1 or more, as settings are judged in eval mode")
        return self

    @model_validator(mode="after")
    def _whose_statistics_are_measured_is_trained(self) -> "MNISTStudy":
        for name in self.statistics.models:
            expected = "every model of statistics among train.models"
            require_known(name, self.train.models, expected)
        return self

    @model_validator(mode="after")
    def _what_is_frozen_is_trained(self) -> "MNISTStudy":
        for way in self.frozen.ways.values():
            require_known(way.of, self.train.models, "of: a model of train.models, for every way")
            if way.noise == "fourier" != self.train.models[way.of].noise:
                raise ValueError(f"noise: covariance for {way.of}, whose own is not fourier")
        if self.frozen.shown_seed not in self.train.seeds:
            raise ValueError(f"frozen.shown_seed: one of train.seeds, got {self.frozen.shown_seed}")
        return self


class CelebA(GenerativeStudy):
    """The generative study on photographs of faces."""

    prepare: PrepareCelebA
    features: Features
    claims: PhotographClaims


PIPELINES: dict[str, type[Pipeline]] = {
    "laptop": Laptop,
    "paper": Paper,
    "study": MNISTStudy,
    "celeba": CelebA,
}


def file_of(pipeline: str) -> str:
    """Return where the parameters of a pipeline lie, from the top of the repository."""
    return "params.yaml" if pipeline == "laptop" else f"stages/pipelines/{pipeline}/params.yaml"
