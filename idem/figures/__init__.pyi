from .cost import figure_cost as figure_cost
from .generative import (
    figure_classes as figure_classes,
)
from .generative import (
    figure_collapse as figure_collapse,
)
from .generative import (
    figure_drift as figure_drift,
)
from .generative import (
    figure_neighbours as figure_neighbours,
)
from .generative import (
    figure_size as figure_size,
)
from .graph import figure_autodiff as figure_autodiff
from .latent import (
    figure_interpolation as figure_interpolation,
)
from .latent import (
    figure_jacobian as figure_jacobian,
)
from .latent import (
    figure_latent as figure_latent,
)
from .peers import figure_peers as figure_peers
from .rates import figure_3 as figure_3
from .rates import figure_scales as figure_scales
from .recurrence import figure_1 as figure_1
from .recurrence import figure_2 as figure_2
from .restoration import (
    figure_restoration as figure_restoration,
)
from .restoration import (
    figure_restoration_scores as figure_restoration_scores,
)
from .samples import figure_5 as figure_5
from .settings import figure_settings as figure_settings
from .stability import figure_stability as figure_stability
from .training import (
    figure_4 as figure_4,
)
from .training import (
    figure_fair as figure_fair,
)
from .training import (
    figure_wall_time as figure_wall_time,
)
from .trajectory import figure_landscape as figure_landscape
from .trajectory import figure_trajectory as figure_trajectory
