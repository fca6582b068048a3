"""Networks that are trained on as one map: what stands where in the figure."""

from typing import Any

import numpy as np
import pandas as pd

from idem.figures import figure_frozen, style
from idem.figures.generative.frozen import WAYS
from tests.idem.figures.drawing import drawn

SIDE = 8
ROWS = pd.DataFrame(
    {"way": way, "seed": seed, "step": step, "frechet_distance": distance + seed}
    for way in [*WAYS, "another"]
    for seed in (0, 2)
    for step, distance in ((0, 50.0), (60, 20.0))
)


def shown(channels: int = 1) -> dict[str, Any]:
    """Return images of one level each: moment, application, sample and way decide it."""
    levels = np.add.outer(np.add.outer(100 * np.arange(2), 10 * np.arange(3)), np.arange(5))
    made = np.broadcast_to(levels[..., None, None, None], (2, 3, 5, channels, SIDE, SIDE))
    return {way: (made + 40 * (way == "ign")).astype(np.uint8) for way in ("ign", "modified")}


def level(axes: Any, row: int, image: int) -> int:
    """Return the level of an image, pairs being a quarter of a side further apart."""
    pitch, along = SIDE + SIDE // 8, image * SIDE + image // 2 * (SIDE // 4) + SIDE // 2
    return int(axes.images[0].get_array()[row * pitch + SIDE // 2, along, 0])


def test_samples_before_stand_left_of_samples_after():
    for channels in (1, 3):
        before, after, _ = drawn(figure_frozen(shown(channels), ROWS)).axes
        assert [level(before, row, 0) for row in range(3)] == [0, 10, 50]
        assert [level(after, row, 0) for row in range(3)] == [100, 110, 150]
        assert [level(after, 1, image) for image in range(4)] == [110, 120, 111, 121]
        labels = [label.get_text() for label in before.get_yticklabels()]
        assert labels == ["Noise z", "Our training", "IGN"]


def test_distances_are_medians_by_step_in_the_look_of_each_way():
    *_, axes = drawn(figure_frozen(shown(), ROWS)).axes
    lines = [line for line in axes.lines if len(line.get_xdata())]
    assert len(lines) == len(WAYS)
    looks = style.looks(look for _, look in WAYS.values())
    assert {line.get_color() for line in lines} == {look["color"] for look in looks.values()}
    for line in lines:
        assert list(line.get_xdata()) == [0, 60]
        np.testing.assert_allclose(line.get_ydata(), [np.sqrt(50 * 52), np.sqrt(20 * 22)])


def test_the_legend_names_the_ways_that_there_are():
    rows = ROWS[ROWS.way.isin(["none", "ign"])]
    (legend,) = drawn(figure_frozen(shown(), rows)).legends
    assert [text.get_text() for text in legend.get_texts()] == [WAYS[w][0] for w in ("none", "ign")]
