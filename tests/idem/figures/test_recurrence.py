import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle

from idem.figures.recurrence import figure_recurrence
from tests.idem.figures.drawing import drawn, named, words


def scalar_map() -> pd.DataFrame:
    rows = [
        ("curve", -0.7, 1.7),
        ("curve", 1.7, -0.7),
        ("attracting", 0, 0),
        ("attracting", 1, 1),
        ("repelling", 0.5, 0.5),
        ("immediate", -0.366, 0.5),
        ("immediate", 1.366, 0.5),
        ("escape", -0.618, 1.618),
        ("escape", 1.618, -0.618),
        ("cobweb from 0.4", 0.4, 0.4),
        ("cobweb from 0.4", 0.4, 0.352),
        ("cobweb from 0.4", 0.352, 0.352),
    ]
    return pd.DataFrame(rows, columns=["kind", "lambda", "image"])


def planes(count: int) -> dict[str, np.ndarray]:
    """Return quarters that hold 1 in the first row, near the real axis, and escape in the other."""
    codes = np.array([[1, 1, 0], [1, -3, -12]], dtype=np.int16)
    return {
        "gammas": np.arange(1, count + 1) / 4,
        "spacing": 0.4 / np.arange(1, count + 1),
        "immediate": np.full(count, 0.8),
        "escape": np.full(count, 1.05),
        "codes": np.stack([codes] * count),
    }


def test_the_map_shows_curve_cobweb_and_where_real_points_go():
    axes = drawn(figure_recurrence(scalar_map(), planes(1))).axes[0]
    assert words(axes) == "start 0.4"
    spans = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    ends = sorted((s.get_x(), s.get_x() + s.get_width()) for s in spans)
    expected = [(-0.618, -0.366), (-0.366, 0.5), (0.5, 1.366), (1.366, 1.618)]
    np.testing.assert_allclose(ends, expected)


def test_quarters_are_mirrored_and_basins_swapped():
    """Left of ½ what goes to 1 goes to 0; what escapes does so everywhere."""
    figure = drawn(figure_recurrence(scalar_map(), planes(1)))
    image = np.asarray(figure.axes[1].images[0].get_array())
    assert image.shape == (4, 6, 3)
    near, far = image[2], image[3]
    assert near[3].tolist() == near[0].tolist() != near[2].tolist() == near[5].tolist()
    assert far[4].tolist() == far[1].tolist() == far[5].tolist() == [1, 1, 1]
    np.testing.assert_array_equal(image[:2], image[:1:-1])


def test_basins_and_escape_are_apart_in_grey_print():
    figure = figure_recurrence(scalar_map(), planes(1))
    image = np.asarray(figure.axes[1].images[0].get_array())
    greys = np.unique(np.round(image @ (0.299, 0.587, 0.114), 6))
    assert len(greys) == 3 and np.diff(greys).min() > 0.2


def test_all_step_sizes_are_on_the_same_axes():
    figure = drawn(figure_recurrence(scalar_map(), planes(4)))
    panels = [axes for axes in figure.axes if axes.images]
    titles = [rf"$\gamma = {gamma}$" for gamma in ("0.25", "0.5", "0.75", "1")]
    assert [axes.get_title() for axes in panels] == titles
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in panels}) == 1
    right = [axes.images[0].get_extent()[1] for axes in panels]
    assert right == sorted(right, reverse=True) and right[0] == panels[0].get_xlim()[1]


def test_fixed_points_and_both_ends_are_marked_and_named():
    figure = drawn(figure_recurrence(scalar_map(), planes(3)))
    assert {"goes to 0", "goes to 1", "escapes", "end of bounded orbits"} < set(named(figure))
    for panel in (axes for axes in figure.axes if axes.images):
        marked = [np.asarray(line.get_xdata(), float).tolist() for line in panel.lines]
        np.testing.assert_allclose(np.concatenate(marked), [0, 1, 0.5, 0.8, 0.2, 1.05, -0.05])
        assert panel.get_aspect() == 1
