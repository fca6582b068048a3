"""Networks that are trained on as one map: what stands where in the figure."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from idem.figures import figure_frozen, style
from idem.figures.generative.frozen import WAYS
from tests.idem.figures.drawing import drawn

SIDE = 8
PLACES = {way: 10.0 * place for place, way in enumerate(WAYS, 1)}  # of the distances of a way
ROWS = pd.DataFrame(
    {"way": way, "seed": seed, "step": step, "frechet_distance": distance + seed + more}
    for way, distance in (PLACES | {"another": 3.0}).items()
    for seed in (0, 1, 5)
    for step, more in ((0, 50.0), (60, 0.0))
)


def shown(channels: int = 1) -> dict[str, Any]:
    """Return images of one level each: moment, application, sample and way decide it."""
    levels = np.add.outer(np.add.outer(100 * np.arange(2), 10 * np.arange(3)), np.arange(5))
    made = np.broadcast_to(levels[..., None, None, None], (2, 3, 5, channels, SIDE, SIDE))
    return {way: (made + 40 * (way == "ign")).astype(np.uint8) for way in ("ign", "modified")}


def level(axes: Any, row: int, image: int) -> int:
    """Return the level of an image, pairs being a quarter of a side further apart."""
    strip = axes.images[0].get_array()[row * (SIDE + SIDE // 8) + SIDE // 2]
    return int(strip[image * SIDE + image // 2 * (SIDE // 4) + SIDE // 2, 0])


@pytest.mark.parametrize("channels", [1, 3])
def test_samples_before_stand_left_of_samples_after(channels: int):
    before, after, _ = drawn(figure_frozen(shown(channels), ROWS)).axes
    assert [level(before, row, 0) for row in range(3)] == [0, 10, 50]
    assert [level(after, row, 0) for row in range(3)] == [100, 110, 150]
    assert [level(after, 1, image) for image in range(4)] == [110, 120, 111, 121]
    labels = [label.get_text() for label in before.get_yticklabels()]
    assert labels == ["Noise z", "Our training", "IGN"]


def test_distances_are_medians_by_step_in_the_look_of_each_way():
    *_, axes = drawn(figure_frozen(shown(), ROWS)).axes
    lines: list[Any] = [line for line in axes.lines if np.size(line.get_xdata())]
    looks = style.looks(look for _, look in WAYS.values())
    expected = {looks[look]["color"]: PLACES[way] + 1 for way, (_, look) in WAYS.items()}
    assert {line.get_color(): line.get_ydata()[1] for line in lines} == pytest.approx(expected)
    assert all(list(line.get_xdata()) == [0, 60] for line in lines)


def test_the_legend_names_the_ways_that_there_are():
    rows = ROWS[ROWS.way.isin(["none", "ign"])]
    (legend,) = drawn(figure_frozen(shown(), rows)).legends
    assert [text.get_text() for text in legend.get_texts()] == [WAYS[w][0] for w in ("none", "ign")]


def test_without_samples_to_draw_there_is_no_figure():
    with pytest.raises(ValueError, match="expected one of modified, .* got none"):
        figure_frozen({"none": shown()["ign"]}, ROWS)
