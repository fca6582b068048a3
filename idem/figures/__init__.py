"""The paper's figures and those it lacks: tables in, matplotlib figures out; nothing computed."""

from idem.figures.cost import figure_cost
from idem.figures.generative import (
    figure_classes,
    figure_collapse,
    figure_drift,
    figure_neighbours,
    figure_size,
)
from idem.figures.graph import figure_autodiff
from idem.figures.latent import figure_interpolation, figure_jacobian, figure_latent
from idem.figures.peers import figure_peers
from idem.figures.rates import figure_3, figure_scales
from idem.figures.recurrence import figure_1, figure_2
from idem.figures.restoration import figure_restoration, figure_restoration_scores
from idem.figures.samples import figure_5
from idem.figures.settings import figure_settings
from idem.figures.stability import figure_stability
from idem.figures.training import figure_4, figure_fair, figure_wall_time
from idem.figures.trajectory import figure_landscape, figure_trajectory

__all__ = [
    "figure_1",
    "figure_2",
    "figure_3",
    "figure_4",
    "figure_5",
    "figure_autodiff",
    "figure_classes",
    "figure_collapse",
    "figure_cost",
    "figure_drift",
    "figure_fair",
    "figure_interpolation",
    "figure_jacobian",
    "figure_landscape",
    "figure_neighbours",
    "figure_latent",
    "figure_peers",
    "figure_restoration",
    "figure_restoration_scores",
    "figure_scales",
    "figure_size",
    "figure_settings",
    "figure_stability",
    "figure_trajectory",
    "figure_wall_time",
]
