from .cost import (
    Terms as Terms,
    counted_flops as counted_flops,
    exact_forward_equivalents as exact_forward_equivalents,
    exact_saved_bytes as exact_saved_bytes,
    expanded_gradient as expanded_gradient,
    saved_bytes as saved_bytes,
)
from .curvature import (
    UpdateField as UpdateField,
    dominant_eigenvalues as dominant_eigenvalues,
    fresh_batch_edge as fresh_batch_edge,
    fresh_stability_edge as fresh_stability_edge,
    marchenko_pastur_edge as marchenko_pastur_edge,
    second_moment_norm as second_moment_norm,
    stability_edge as stability_edge,
)
from .layers import apply_layers as apply_layers, layer_outputs as layer_outputs, leaky as leaky
from .spectrum import (
    distance_from_projector as distance_from_projector,
    effective_rank as effective_rank,
    fixed_dimension as fixed_dimension,
    fixed_fraction as fixed_fraction,
    jacobians as jacobians,
)
from .trajectory import (
    ParameterSpace as ParameterSpace,
    Plane as Plane,
    barrier as barrier,
    cosine as cosine,
    descend as descend,
    distance_to_route as distance_to_route,
    losses_between as losses_between,
)
