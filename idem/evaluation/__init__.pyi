from .classifier import Classifier as Classifier
from .corruptions import CORRUPTIONS as CORRUPTIONS
from .efficientnet import EfficientNetLite0 as EfficientNetLite0
from .latent import code_jacobian as code_jacobian
from .metrics import (
    absolute_error as absolute_error,
    displacement as displacement,
    output_spread as output_spread,
    power_drift as power_drift,
    relative_error as relative_error,
)
from .samples import (
    class_shares as class_shares,
    frechet_distance as frechet_distance,
    nearest as nearest,
    pairwise_distance as pairwise_distance,
    share_entropy as share_entropy,
)
