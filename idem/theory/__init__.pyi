from .ansatz import Family as Family
from .ansatz import closed_form as closed_form
from .ansatz import solve as solve
from .graph import Graph as Graph
from .graph import step_graph as step_graph
from .jordan import (
    basin_boundaries as basin_boundaries,
)
from .jordan import (
    derivative_spectrum as derivative_spectrum,
)
from .jordan import (
    fixed_point_spectrum as fixed_point_spectrum,
)
from .manifold import directions as directions
from .symmetry import asymmetry as asymmetry
from .symmetry import update_jacobian as update_jacobian
