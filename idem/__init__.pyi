from . import (
    data as data,
    evaluation as evaluation,
    figures as figures,
    generative as generative,
    landscape as landscape,
    linear as linear,
    rule as rule,
    sweeps as sweeps,
    theory as theory,
)
from .evaluation.classifier import Classifier as Classifier
from .evaluation.metrics import (
    absolute_error as absolute_error,
    displacement as displacement,
    output_spread as output_spread,
    power_drift as power_drift,
    relative_error as relative_error,
)
from .evaluation.samples import (
    class_shares as class_shares,
    frechet_distance as frechet_distance,
    pairwise_distance as pairwise_distance,
    share_entropy as share_entropy,
)
from .generative.noise import FourierNoise as FourierNoise, GaussianNoise as GaussianNoise
from .generative.udcgan import UDCGAN as UDCGAN
from .linear.projection import (
    Projection as Projection,
    ProjectionError as ProjectionError,
    project as project,
)
from .rule.corrector import (
    correct as correct,
    matrix_residual as matrix_residual,
    recurrence as recurrence,
    relaxed_step as relaxed_step,
)
from .rule.gradient import (
    corrected_output as corrected_output,
    output_gradient as output_gradient,
    substitute_gradient as substitute_gradient,
)
from .rule.loss import idempotency_loss as idempotency_loss
from .sweeps.grid import Grid as Grid
from .sweeps.mlp import (
    MLP as MLP,
    paper_network as paper_network,
    parameter_count as parameter_count,
)
from .sweeps.sweep import train_lanes as train_lanes
