"""Networks that are trained from the start as one map: what stands where in the figure."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from idem.figures import figure_one_map, style
from idem.figures.generative.one_map import PANELS, WAYS
from tests.idem.figures.drawing import drawn

SIDE = 8
PLACES = {way: 10.0 * place for place, way in enumerate(WAYS, 1)}
ROWS = pd.DataFrame(
    {"way": way, "seed": seed, "step": step}
    | {measure: (value + seed) / 100**place for place, measure in enumerate(PANELS)}
    for way, value in (PLACES | {"another": 3.0}).items()
    for seed in (0, 1, 5)
    for step in (200, 400)
)
SHOWN = {
    way: np.broadcast_to(
        np.add.outer(10 * np.arange(3), np.arange(9))[..., None, None, None] + 50 * place,
        (3, 9, 1, SIDE, SIDE),
    ).astype(np.uint8)
    for place, way in enumerate([*WAYS, "another"])
}


def level(axes: Any, row: int, image: int) -> int:
    """Return the level of an image, pairs being a quarter of a side further apart."""
    strip = axes.images[0].get_array()[row * (SIDE + SIDE // 8) + SIDE // 2]
    return int(strip[image * SIDE + image // 2 * (SIDE // 4) + SIDE // 2, 0])


def test_a_way_is_a_row_of_samples_once_and_twice():
    axes, *_ = drawn(figure_one_map(SHOWN, ROWS)).axes
    assert [level(axes, row, 0) for row in range(4)] == [0, 10, 60, 110]
    assert [level(axes, 1, image) for image in range(4)] == [10, 20, 11, 21]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["Noise z", *(name for name, _ in WAYS.values())]


def test_panels_are_medians_by_step_in_the_look_of_each_way():
    _, *panels = drawn(figure_one_map(SHOWN, ROWS)).axes
    looks = style.looks(look for _, look in WAYS.values())
    for place, (axes, title) in enumerate(zip(panels, PANELS.values(), strict=True)):
        assert axes.get_title() == title
        assert axes.get_yscale() == ("linear" if place else "log")
        assert (axes.get_ylim()[0] == 0) == bool(place)
        lines: list[Any] = [line for line in axes.lines if np.size(line.get_xdata())]
        expected = {
            looks[look]["color"]: (PLACES[way] + 1) / 100**place for way, (_, look) in WAYS.items()
        }
        found = {line.get_color(): line.get_ydata()[1] for line in lines}
        assert found == pytest.approx(expected)


def test_samples_without_rows_and_nothing_at_all_are_named():
    with pytest.raises(
        ValueError, match="expected the same of modified, ordinary, none, ign_lighter"
    ):
        figure_one_map(SHOWN, ROWS[ROWS.way != "ign"])
    with pytest.raises(ValueError, match="got another and modified"):
        figure_one_map({"another": SHOWN["another"]}, ROWS)
