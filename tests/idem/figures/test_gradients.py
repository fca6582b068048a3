"""The authors' gradients and routes, and ours beside them."""

import numpy as np
import pandas as pd

from idem.figures.gradients import figure_gradients
from tests.idem.figures.drawing import drawn

NORMS = ["norm_modified", "norm_ordinary"]
COSINES = ["cosine_along_modified", "cosine_along_ordinary", "cosine_separate"]


def test_theirs_are_lines_and_ours_means_over_runs():
    starts, steps = ("default", "biases_0.7"), (0, 10, 20)
    trace = pd.DataFrame(
        {"start": start, "run": run, "step": step}
        | dict.fromkeys(NORMS, 1.0 + run)
        | dict.fromkeys(COSINES, 0.5)
        for start in starts
        for run in (0, 1)
        for step in steps
    )
    theirs = pd.DataFrame(
        {"quantity": quantity, "epoch": epoch, "value": 0.1}
        for quantity in NORMS + COSINES
        for epoch in steps
    )
    route = pd.DataFrame(
        {"rule": rule, "step": step, "pc1": 0.1 * step, "pc2": 0.01 * step}
        for rule in ("modified", "ordinary")
        for step in steps
    )
    plane = pd.DataFrame(
        {"pc1": u, "pc2": v, "loss": 1 + u * u + v} for u in (0, 1, 2) for v in (0, 1)
    )
    routes, surface = (
        pd.concat(table.assign(start=start, run=0) for start in starts) for table in (route, plane)
    )
    figure = drawn(figure_gradients(trace, theirs, routes, route, surface, "ours: B2"))
    norms, cosines, *planes = figure.axes[:5]
    assert len(norms.lines) == 2 * (1 + len(starts))
    assert len(cosines.lines) == 3 * (1 + len(starts))
    assert np.asarray(norms.lines[0].get_ydata()).tolist() == [0.1] * 3
    assert np.asarray(norms.lines[1].get_ydata()).tolist() == [1.5] * 3
    titles = ["the authors' plane", "our plane, start: default", "our plane, start: biases 0.7"]
    assert [axes.get_title() for axes in planes] == titles
    assert np.asarray(planes[1].lines[0].get_xdata()).tolist() == [0, 1, 2]
