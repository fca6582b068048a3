from .cost import figure_cost as figure_cost
from .generative.frozen import figure_frozen as figure_frozen
from .generative.latent import figure_jacobian as figure_jacobian, figure_latent as figure_latent
from .generative.one_map import figure_one_map as figure_one_map
from .generative.prices import figure_prices as figure_prices
from .generative.samples import (
    figure_5 as figure_5,
    figure_neighbours as figure_neighbours,
    figure_restoration as figure_restoration,
)
from .generative.settings import figure_settings as figure_settings
from .generative.study import (
    figure_collapse as figure_collapse,
    figure_compute as figure_compute,
    figure_drift as figure_drift,
)
from .gradients import figure_gradients as figure_gradients
from .graph import figure_autodiff as figure_autodiff
from .lines import figure_lines as figure_lines
from .near import figure_near as figure_near
from .newdata import figure_newdata as figure_newdata
from .published import figure_published as figure_published
from .recurrence import figure_recurrence as figure_recurrence
from .stability import figure_stability as figure_stability
from .sweep import figure_sweep as figure_sweep
from .trajectory import figure_landscape as figure_landscape, figure_trajectory as figure_trajectory
