from .evaluation.classifier import Classifier as Classifier
from .evaluation.metrics import (
    absolute_error as absolute_error,
)
from .evaluation.metrics import (
    displacement as displacement,
)
from .evaluation.metrics import (
    output_spread as output_spread,
)
from .evaluation.metrics import (
    power_drift as power_drift,
)
from .evaluation.metrics import (
    relative_error as relative_error,
)
from .evaluation.samples import (
    class_shares as class_shares,
)
from .evaluation.samples import (
    frechet_distance as frechet_distance,
)
from .evaluation.samples import (
    pairwise_distance as pairwise_distance,
)
from .evaluation.samples import (
    share_entropy as share_entropy,
)
from .generative.noise import FourierNoise as FourierNoise
from .generative.noise import GaussianNoise as GaussianNoise
from .generative.udcgan import UDCGAN as UDCGAN
from .linear.projection import (
    Projection as Projection,
)
from .linear.projection import (
    ProjectionError as ProjectionError,
)
from .linear.projection import (
    project as project,
)
from .rule.corrector import (
    matrix_residual as matrix_residual,
)
from .rule.corrector import (
    recurrence as recurrence,
)
from .rule.corrector import (
    relaxed_step as relaxed_step,
)
from .rule.gradient import (
    output_gradient as output_gradient,
)
from .rule.gradient import (
    substitute_gradient as substitute_gradient,
)
from .rule.loss import idempotency_loss as idempotency_loss
from .sweeps.mlp import (
    MLP as MLP,
)
from .sweeps.mlp import (
    paper_network as paper_network,
)
from .sweeps.mlp import (
    parameter_count as parameter_count,
)
from .sweeps.sweep import Grid as Grid
from .sweeps.sweep import train_lanes as train_lanes
