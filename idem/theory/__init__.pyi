from .ansatz import (
    Family as Family,
    closed_form as closed_form,
    smoothstep as smoothstep,
    solve as solve,
)
from .flow import (
    alignment as alignment,
    at_time as at_time,
    mean_jacobian as mean_jacobian,
    surviving_rank as surviving_rank,
)
from .graph import Graph as Graph, nodes_of_its_own as nodes_of_its_own, step_graph as step_graph
from .jordan import (
    attracting_steps as attracting_steps,
    basin_boundaries as basin_boundaries,
    derivative_spectrum as derivative_spectrum,
    fixed_eigenvalues as fixed_eigenvalues,
    fixed_point_spectrum as fixed_point_spectrum,
    multipliers as multipliers,
)
from .manifold import directions as directions
from .symmetry import (
    asymmetry as asymmetry,
    parametrised as parametrised,
    symmetric_matrices as symmetric_matrices,
    update as update,
    update_jacobian as update_jacobian,
)
