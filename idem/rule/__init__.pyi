from .corrector import (
    MCWEENY as MCWEENY,
    correct as correct,
    evaluate as evaluate,
    matrix_residual as matrix_residual,
    recurrence as recurrence,
    relaxed_step as relaxed_step,
)
from .gradient import (
    corrected_output as corrected_output,
    output_gradient as output_gradient,
    substitute_gradient as substitute_gradient,
    transposed_gradient as transposed_gradient,
)
from .loss import (
    ALL_RULES as ALL_RULES,
    RULES as RULES,
    SCALES as SCALES,
    idempotency_loss as idempotency_loss,
    scale_factor as scale_factor,
)
from .passes import (
    RANDOMNESS as RANDOMNESS,
    RUNNING_STATISTICS as RUNNING_STATISTICS,
    Passes as Passes,
)
