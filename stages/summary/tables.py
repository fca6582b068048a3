"""Which numbers the summary of each pipeline holds, in their order: the one place that says it.

Beside each number stand the file that it comes from, what of that file it is, and its kind. Widths
are those seen between CPUs of two kinds with other vector instructions, with room to spare; the
least standard deviations are those of the five seeds of the study.
"""

from dataclasses import dataclass

from stages.common import params
from stages.summary.kinds import Chaotic, Exact, Kind, Rounded
from stages.summary.source import Source
from stages.summary.values import (
    Values,
    at,
    at_equal_reconstruction,
    early_error,
    early_loss,
    error_ratio,
    error_ratio_at_lowest_rate,
    error_ratio_of_complete_runs,
    first_update,
    lanes_below,
    largest,
    log10_ratio,
    total,
)


@dataclass(frozen=True)
class Number:
    """One number of a summary: the mean of what `values` finds in a file."""

    name: str
    source: Source
    values: Values
    kind: Kind


LINEAR = Source("linear.json", "linear")
COST = Source("cost.json", "cost")
SWEEPS = {n: Source(f"sweep_{n}.csv", f"sweep@{n}") for n in ("B1", "B2", "B3", "B4")}
STABLE = Source("stability.json", "stability")
BATCHES = Source("variants.json", "variants")
LINES = {n: Source(f"published_{n}.json", f"published@{n}") for n in ("B2", "B3")}
NEAR = Source("near.json", "near")
RULE = Source("autodiff.json", "autodiff")
ROUTES = Source("trajectory.json", "trajectory")
MNIST = Source("prepare_mnist.json", "prepare")
CELEBA = Source("prepare_celeba.json", "prepare")
CLASSES = Source("classifier_mnist.json", "classifier")
SCORES = Source("generative.json", "evaluate")
FAIR = Source("fair.csv", "trials")

EXACT = Exact()
NOISE = Rounded(absolute=0.7)  # log10 of what is rounding error itself
FINAL = Rounded(absolute=0.02)  # log10 of an error, or of a ratio, after training in float32
EARLY = Rounded(absolute=1e-3)  # the same after a few steps
LOSS = Rounded(relative=1e-3)  # after a step of Adam; 2% of a learning rate move it by 2e-3 to 1e-2


# fmt: off
def laptop(section: params.Claims) -> list[Number]:
    """Return the numbers of the root pipeline."""
    return [
        Number("data.images",              MNIST,        total("*.images"),                        EXACT),
        Number("data.accuracy",            CLASSES,      at("test_accuracy"),                      Rounded(absolute=5e-3)),
        Number("L4.log10_residual",        LINEAR,       at("L4.log10_floor_by_dtype.float64"),    NOISE),
        Number("L5.log10_difference",      LINEAR,       at("L5.log10_largest_difference"),        NOISE),
        Number("T1.exponent",              COST,         largest("exponents.*.*.flops"),           EXACT),
        Number("T3.log10_B1",              SWEEPS["B1"], error_ratio,                              Rounded(absolute=0.1)),
        Number("T3.log10_B2",              SWEEPS["B2"], error_ratio,                              FINAL),
        Number("T4.log10_B2",              SWEEPS["B2"], error_ratio_at_lowest_rate,               EARLY),
        Number("T5.rate_B3",               STABLE,       largest("B3.*.largest_stable_rate"),      EXACT),
        Number("T5.rate_B4",               STABLE,       largest("B4.*.largest_stable_rate"),      EXACT),
        *_near_zero(section),
        *_batch_sizes(),
        Number("P1.deviation_B3",          LINES["B3"],  at("fixed.median_deviation"),             FINAL),
        Number("N.log10_ratio_n100",       NEAR,         at("n100.modified_over_ordinary.log10_ratio"), Rounded(absolute=0.1)),
        Number("C.log10_difference",       RULE,         at("C.log10_largest_difference"),         NOISE),
        Number("Q1.log10_B1",              ROUTES,       at("studies.B1.distances.function_routes.log10_ratio"), FINAL),
        *_generative("mnist", "R1"),
        *_at_own_weights(),
        *_sweeps(),
    ]


def paper(section: params.Claims, swept: params.Sweep) -> list[Number]:
    """Return the numbers of the paper's scale."""
    return [
        *(
            Number(f"T3.log10_{name}",         source,       error_ratio_of_complete_runs(swept.networks[name]), FINAL)
            for name, source in SWEEPS.items()
        ),
        *_near_zero(section),
        *_batch_sizes(),
        *(
            Number(f"P1.deviation_{name}",    source,       at("fixed.median_deviation"), FINAL)
            for name, source in LINES.items()
        ),
        Number("N.log10_ratio_n100",       NEAR,         at("n100_noise_0_1.modified_over_ordinary.log10_ratio"), Rounded(absolute=0.1)),
        *_sweeps(),
    ]


def study() -> list[Number]:
    """Return the numbers of the generative study on MNIST."""
    return [
        *_generative("mnist", "R1"),
        Number("G3.log10_train",           FAIR,         at_equal_reconstruction("train"),         Chaotic(least=0.01)),
        Number("G3.log10_eval",            FAIR,         at_equal_reconstruction("eval"),          Chaotic(least=0.01)),
        _papers("G1"),
    ]


def celeba() -> list[Number]:
    """Return the numbers of the generative study on CelebA."""
    return [
        Number("data.images",              CELEBA,       total("splits.*.images"),                 EXACT),
        *_generative("celeba", "R4"),
        *_at_own_weights(),
        _papers("G2"),
    ]


def _papers(claim: str) -> Number:
    """Return the distance of what the paper's own training generates."""
    distances = at("modified_plain.best.train.seeds.*.frechet_distance")
    return Number(f"{claim}.distance", SCORES, distances, Chaotic(least=2.0))


def _near_zero(section: params.Claims) -> list[Number]:
    limit, few = section.near_zero, Rounded(absolute=3)
    return [
        Number("T6.lanes_near_zero",       SWEEPS["B1"], lanes_below(limit, "modified"),           few),
    ]


def _batch_sizes() -> list[Number]:
    return [
        Number("T7.log10_one_rate",        BATCHES,      largest("T7.*.*.at_fixed_rate.*.largest.log10_ratio"), FINAL),
        Number("T7.log10_best",            BATCHES,      largest("T7.*.*.at_best_rate.largest.log10_ratio"),    FINAL),
    ]


_RULES = [f"{model}.best.train.seeds.*" for model in ("modified", "ordinary")]


def _generative(dataset: str, ours: str) -> list[Number]:
    """Return the numbers of what is trained on a data set; `ours` is the claim on model modified."""
    latent = Source(f"latent_{dataset}.json", "latent")
    log = Source(f"train_{dataset}.csv", "train")
    modified, ordinary = _RULES
    return [
        Number("Q2.departure",             latent,       at("models.modified.eval.by_seed.*.departure"), Chaotic(least=0.08)),
        Number(f"{ours}.distance",         SCORES,       at(f"{modified}.frechet_distance"),       Chaotic(least=2.0)),
        Number(f"{ours}.distance_ordinary", SCORES,       at(f"{ordinary}.frechet_distance"),       Chaotic(least=3.0)),
        Number("train.loss_modified",      log,          early_loss("modified"),                   LOSS),
        Number("train.loss_ordinary",      log,          early_loss("ordinary"),                   LOSS),
        Number("train.loss_ign",           log,          early_loss("ign"),                        LOSS),
    ]


def _at_own_weights() -> list[Number]:
    """Return the numbers of G3 where each rule was trained at one weight, its own."""
    modified, ordinary = _RULES
    noise, test = (
        log10_ratio(f"{modified}.{kind}_relative_error", f"{ordinary}.{kind}_relative_error")
        for kind in ("noise", "test")
    )
    return [
        Number("G3.log10_noise",           SCORES,       noise,                                    Chaotic(least=0.01)),
        Number("G3.log10_test",            SCORES,       test,                                     Chaotic(least=0.02)),
    ]


def _sweeps() -> list[Number]:
    return [
        number
        for name, source in SWEEPS.items()
        for number in (
            Number(f"{name}.log10_update",     source, first_update, EARLY),
            Number(f"{name}.log10_error",      source, early_error,  EARLY),
        )
    ]
