from .cost import (
    counted_flops as counted_flops,
)
from .cost import (
    exact_forward_equivalents as exact_forward_equivalents,
)
from .cost import (
    exact_saved_bytes as exact_saved_bytes,
)
from .cost import (
    saved_bytes as saved_bytes,
)
from .curvature import (
    UpdateField as UpdateField,
)
from .curvature import (
    fresh_batch_edge as fresh_batch_edge,
)
from .curvature import (
    marchenko_pastur_edge as marchenko_pastur_edge,
)
from .curvature import (
    stability_edge as stability_edge,
)
from .spectrum import (
    effective_rank as effective_rank,
)
from .spectrum import (
    fixed_dimension as fixed_dimension,
)
from .spectrum import (
    jacobians as jacobians,
)
from .trajectory import ParameterSpace as ParameterSpace
from .trajectory import Plane as Plane
from .trajectory import barrier as barrier
