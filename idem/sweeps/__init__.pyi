from .grid import Grid as Grid, Unit as Unit
from .lanes import OPTIMIZERS as OPTIMIZERS, Lanes as Lanes
from .mlp import (
    INITIALIZATIONS as INITIALIZATIONS,
    MLP as MLP,
    TABLE_1 as TABLE_1,
    initial_parameters as initial_parameters,
    paper_network as paper_network,
    parameter_count as parameter_count,
)
from .near import NearProjection as NearProjection
from .starts import StartedOtherwise as StartedOtherwise
from .sweep import train_lanes as train_lanes
