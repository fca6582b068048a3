from .cost import (
    counted_flops as counted_flops,
    exact_forward_equivalents as exact_forward_equivalents,
    exact_saved_bytes as exact_saved_bytes,
    saved_bytes as saved_bytes,
)
from .curvature import (
    UpdateField as UpdateField,
    fresh_batch_edge as fresh_batch_edge,
    marchenko_pastur_edge as marchenko_pastur_edge,
    stability_edge as stability_edge,
)
from .spectrum import (
    effective_rank as effective_rank,
    fixed_dimension as fixed_dimension,
    jacobians as jacobians,
)
from .trajectory import ParameterSpace as ParameterSpace, Plane as Plane, barrier as barrier
