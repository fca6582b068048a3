"""The authors' gradients and routes, and ours beside them."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from idem.figures.gradients import figure_gradients
from tests.idem.figures.drawing import drawn

NORMS = ["norm_modified", "norm_ordinary"]
COSINES = ["cosine_along_modified", "cosine_along_ordinary", "cosine_separate"]
OURS = [*COSINES, "cosine_same_start"]


def drawn_of(*cases: str, delay: int) -> list[Axes]:
    steps = (0, 10, 20)
    trace = pd.DataFrame(
        {"case": case, "run": run, "step": step}
        | dict.fromkeys(NORMS, 1.0 + run + step)
        | dict(zip(OURS, (0.5, 0.5, 0.2, 0.3), strict=True))
        for case in cases
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
        pd.concat(table.assign(case=case, run=0) for case in cases) for table in (route, plane)
    )
    nearer = routes.assign(up_to=10, pc1=5.0)
    routes = pd.concat([nearer[nearer.step <= 10], routes.assign(up_to=20)])
    figure = figure_gradients(trace, theirs, delay, routes, route, surface, "ours: B2")
    return drawn(figure).axes


def test_theirs_are_lines_and_ours_means_over_runs():
    norms, *_ = drawn_of("table_1", "128_inputs", delay=0)
    theirs, ours, *_ = norms.lines
    assert np.asarray(theirs.get_ydata()).tolist() == [0.1] * 3
    assert np.asarray(ours.get_ydata()).tolist() == [1.5, 11.5, 21.5]


def test_with_a_delay_ours_are_there_once_more_so_much_earlier():
    norms, *_ = drawn_of("table_1", delay=10)
    _, ours, later, *_ = norms.lines
    assert np.asarray(later.get_xydata()).tolist() == [[0, 11.5], [10, 21.5]]
    assert ours.get_marker() != later.get_marker()


def test_between_separate_runs_ours_are_of_one_start_and_in_grey_of_another():
    _, cosines, *_ = drawn_of("table_1", delay=0)
    theirs, another, one = cosines.lines[-3:]
    values = [np.unique(np.asarray(line.get_ydata())).tolist() for line in (theirs, another, one)]
    assert values == [[0.1], [0.2], [0.3]]
    assert (another.get_color(), one.get_color()) == ("0.7", "black")


def test_every_case_has_a_plane_as_far_as_its_routes_go():
    titles = ["the authors'", "ours, table 1", "ours, 128 inputs"]
    _, _, *planes = drawn_of("table_1", "128_inputs", delay=0)
    assert [axes.get_title() for axes in planes][:3] == titles
    assert np.asarray(planes[1].lines[0].get_xdata()).tolist() == [0, 1, 2]
    for ends in ("get_xlim", "get_ylim"):
        assert len({getattr(axes, ends)() for axes in planes[:3]}) == 1, "lengths can be compared"
    _, _, *planes = drawn_of("table_1", delay=0)
    assert [axes.get_title() for axes in planes][:2] == titles[:2]
