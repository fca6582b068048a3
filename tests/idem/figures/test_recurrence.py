from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.image import imread
from matplotlib.patches import Rectangle

from idem.figures.recurrence import figure_1, figure_2
from stages.common.files import write_figure
from tests.idem.figures.drawing import drawn


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
        ("cobweb from 0.4", 0.352, 0.2845),
        ("cobweb from 0.4", 0.2845, 0.2845),
    ]
    return pd.DataFrame(rows, columns=["kind", "lambda", "image"])


def test_figure_1_draws_curve_fixed_points_cobwebs_and_ends():
    axes, _ = drawn(figure_1(scalar_map())).axes
    labels = {text.get_text() for text in axes.get_legend().get_texts()}  # pyright: ignore
    assert {"attracting fixed point", "repelling fixed point", "escapes"} < labels
    (cycle,) = (line for line in axes.lines if str(line.get_label()).startswith("2-cycle"))
    assert set(np.asarray(cycle.get_xdata()).tolist()) == {-0.618, 1.618}
    assert len(axes.texts) == 2  # the arrows of the two lines that are long enough


def test_figure_1_shows_below_where_real_points_go_without_a_gap():
    _, strip = drawn(figure_1(scalar_map())).axes
    spans = [patch for patch in strip.patches if isinstance(patch, Rectangle)]
    starts, ends = zip(*sorted((s.get_x(), s.get_x() + s.get_width()) for s in spans), strict=True)
    np.testing.assert_allclose(starts, [-0.7, -0.618, -0.366, 0.5, 1.366, 1.618])
    np.testing.assert_allclose(ends, [*starts[1:], 1.7])


def planes(count: int) -> dict[str, np.ndarray]:
    """Return quarters that hold 1 in the first row, near the real axis, and escape in the other."""
    codes = np.array([[1, 1, 0], [1, -3, -12]], dtype=np.int16)
    return {
        "gammas": np.arange(1, count + 1) / 4,
        "spacing": np.full(count, 0.2),
        "immediate": np.full(count, 0.8),
        "escape": np.full(count, 1.05),
        "codes": np.stack([codes] * count),
    }


def test_figure_2_mirrors_its_quarters_and_swaps_the_basins():
    """Left of ½ what goes to 1 goes to 0, black; escape stays, the later the darker a grey."""
    image = np.asarray(drawn(figure_2(planes(1))).axes[0].images[0].get_array())
    assert image.shape == (4, 6, 3)
    near, far = image[2], image[3]
    assert near[2].tolist() == [0, 0, 0]
    assert near[3].tolist() == near[0].tolist() != near[5].tolist()
    assert near[3][0] > near[3][2]
    assert far[4].tolist() == far[1].tolist() == [far[4][0]] * 3
    assert far[5][0] < far[4][0]
    np.testing.assert_array_equal(image[:2], image[:1:-1])


def test_figure_2_keeps_black_orange_and_escape_apart_in_grey_print():
    image = np.asarray(figure_2(planes(1)).axes[0].images[0].get_array())
    grey = image @ (0.299, 0.587, 0.114)
    orange, last_to_escape = grey[2, 3], grey[3, 5]
    assert orange > 0.5
    assert last_to_escape > orange + 0.08


def test_figure_2_has_a_panel_a_step_size_and_names_both_ends():
    figure = drawn(figure_2(planes(3)))
    panels = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in panels] == [
        rf"$\gamma = {gamma}$" for gamma in ("0.25", "0.5", "0.75")
    ]
    labels = " ".join(text.get_text() for text in figure.legends[0].get_texts())
    for name in ("goes to 0", "goes to 1", "real end of the basin", "real end of bounded orbits"):
        assert name in labels
    for panel in panels:
        marked = [np.asarray(line.get_xdata()) for line in panel.lines[:2]]
        np.testing.assert_allclose(marked, [[0.8, 0.2], [1.05, -0.05]])
        assert panel.get_aspect() == 1


def test_figure_2_is_drawn_to_the_pixel(tmp_path: Path):
    """A panel of 1200×800 points has each of them as one pixel of the file."""
    quarter = planes(1) | {"codes": np.ones((1, 400, 600), dtype=np.int16)}
    quarter["codes"][0, 300::2, ::2] = -4  # a chequered pattern, which any resampling would blur
    write_figure(tmp_path / "figure.png", figure_2(quarter), to_the_pixel=True)
    image = imread(tmp_path / "figure.png")[:, :, :3]
    codes = quarter["codes"][0, ::-1]
    shown = (image[:, :, 0] - image[:, :, 2] < 0.1).astype(int)  # grey, not orange
    left, top = 190 + 600, 90
    found = shown[top + 5 : top + 95, left + 5 : left + 595]
    np.testing.assert_array_equal(found, codes[5:95, 5:595] == -4)
