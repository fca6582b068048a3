from .basins import destinations as destinations
from .basins import real_ends as real_ends
from .convergence import follow as follow
from .convergence import limits as limits
from .counting import Counter as Counter
from .iterations import SCHEMES as SCHEMES
from .iterations import Scheme as Scheme
from .iterations import Spectrum as Spectrum
from .projection import (
    Projection as Projection,
)
from .projection import (
    ProjectionError as ProjectionError,
)
from .projection import (
    project as project,
)
from .riesz import eigen_projector as eigen_projector
from .riesz import exact_projector as exact_projector
