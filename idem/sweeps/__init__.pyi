from .lanes import Lanes as Lanes
from .mlp import (
    MLP as MLP,
)
from .mlp import (
    TABLE_1 as TABLE_1,
)
from .mlp import (
    initial_parameters as initial_parameters,
)
from .mlp import (
    paper_network as paper_network,
)
from .mlp import (
    parameter_count as parameter_count,
)
from .sweep import Grid as Grid
from .sweep import Unit as Unit
from .sweep import train_lanes as train_lanes
