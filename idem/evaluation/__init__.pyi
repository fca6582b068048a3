from .classifier import Classifier as Classifier
from .corruptions import CORRUPTIONS as CORRUPTIONS
from .efficientnet import EfficientNetLite0 as EfficientNetLite0
from .latent import code_jacobian as code_jacobian
from .metrics import (
    absolute_error as absolute_error,
)
from .metrics import (
    displacement as displacement,
)
from .metrics import (
    output_spread as output_spread,
)
from .metrics import (
    power_drift as power_drift,
)
from .metrics import (
    relative_error as relative_error,
)
from .samples import (
    class_shares as class_shares,
)
from .samples import (
    frechet_distance as frechet_distance,
)
from .samples import (
    nearest as nearest,
)
from .samples import (
    pairwise_distance as pairwise_distance,
)
from .samples import (
    share_entropy as share_entropy,
)
