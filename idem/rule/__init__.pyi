from .corrector import (
    MCWEENY as MCWEENY,
)
from .corrector import (
    evaluate as evaluate,
)
from .corrector import (
    matrix_residual as matrix_residual,
)
from .corrector import (
    relaxed_step as relaxed_step,
)
from .gradient import output_gradient as output_gradient
from .gradient import substitute_gradient as substitute_gradient
from .loss import (
    RULES as RULES,
)
from .loss import (
    SCALES as SCALES,
)
from .loss import (
    idempotency_loss as idempotency_loss,
)
from .loss import (
    scale_factor as scale_factor,
)
from .passes import (
    RANDOMNESS as RANDOMNESS,
)
from .passes import (
    RUNNING_STATISTICS as RUNNING_STATISTICS,
)
from .passes import (
    Passes as Passes,
)
