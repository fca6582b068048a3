"""Images come from columns of pixels, and stand in rows and groups."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from idem.figures.generative.pictures import gallery, images_of

SIDE = 16


def table(count: int) -> pd.DataFrame:
    return pd.DataFrame({f"p{k}": [k % 251] for k in range(count)})


def test_planes_become_red_green_and_blue_row_by_row():
    (image,) = images_of(table(3 * 4))
    assert image.tolist() == [[[0, 4, 8], [1, 5, 9]], [[2, 6, 10], [3, 7, 11]]]
    (grey,) = images_of(table(4))
    assert grey.tolist() == [[[0] * 3, [1] * 3], [[2] * 3, [3] * 3]]


@pytest.mark.parametrize("count", [0, 6, 15, 2 * SIDE**2])
def test_pixels_that_are_no_square_are_counted(count: int):
    with pytest.raises(ValueError, match=f"square image of 1 or 3 channels, got {count}"):
        images_of(table(count))


def test_images_stand_where_the_places_say_and_groups_apart():
    images = (
        np.zeros((4, SIDE, SIDE, 3), np.uint8) + np.arange(4, dtype=np.uint8)[:, None, None, None]
    )
    axes = Figure().subplots()
    places = gallery(axes, [("a", images), ("b", images + 10)], group=2)
    shown = np.asarray(axes.images[0].get_array())
    pixels = len(shown) / 2
    for row in range(2):
        at = shown[int((row + 0.4) * pixels), (places * pixels).astype(int), 0]
        assert at.tolist() == [10 * row + item for item in range(4)]
    apart = np.diff(places).round(6)
    assert apart[1] > apart[0] == apart[2]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
