from .ansatz import Family as Family, closed_form as closed_form, solve as solve
from .graph import Graph as Graph, step_graph as step_graph
from .jordan import (
    basin_boundaries as basin_boundaries,
    derivative_spectrum as derivative_spectrum,
    fixed_point_spectrum as fixed_point_spectrum,
)
from .manifold import directions as directions
from .symmetry import asymmetry as asymmetry, update_jacobian as update_jacobian
