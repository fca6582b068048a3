from .basins import (
    destinations as destinations,
    mirrored as mirrored,
    plane as plane,
    real_ends as real_ends,
)
from .convergence import (
    floor_and_steps as floor_and_steps,
    follow as follow,
    limits as limits,
    order_of_convergence as order_of_convergence,
)
from .counting import Counter as Counter
from .iterations import SCHEMES as SCHEMES, Scheme as Scheme, Spectrum as Spectrum
from .projection import (
    Projection as Projection,
    ProjectionError as ProjectionError,
    project as project,
)
from .riesz import eigen_projector as eigen_projector, exact_projector as exact_projector
