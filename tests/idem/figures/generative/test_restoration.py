"""The pictures of restored images: what stands where."""

from itertools import product

import numpy as np
import pandas as pd

from idem.figures import figure_restoration
from tests.idem.figures.drawing import drawn

CORRUPTIONS = ("none", "noise", "mask", "sketch", "shift")
SIDE = 16


def restored() -> pd.DataFrame:
    """Make images of one colour each, a different one for every row of the table."""
    settings = [(name, 0) for name in ("input", "mean_image", "nearest_image")]
    settings += product(("ordinary", "other", "modified"), (1, 2))
    keys = [(*s, c, i) for s, c, i in product(settings, CORRUPTIONS, range(2))]
    table = pd.DataFrame(keys, columns=["model", "application", "corruption", "image"])
    level = np.repeat(np.arange(len(table))[:, None], SIDE**2, axis=1)
    return pd.concat([table, pd.DataFrame(level).add_prefix("p")], axis=1)


def test_every_image_stands_in_its_row_and_column():
    (axes,) = drawn(figure_restoration(restored())).axes
    titles = [tick.get_text().lower() for tick in axes.get_xticklabels()]
    assert titles == ["unchanged", *CORRUPTIONS[1:]]
    names = [tick.get_text() for tick in axes.get_yticklabels()]
    assert names[:3] == ["Original", "Given image", "Nearest training image"]
    assert names[3:] == ["Modified rule", "Ordinary rule", "Other"]
    shown = np.asarray(axes.images[0].get_array())[..., 0]
    pitch, group = SIDE + SIDE // 8, 2 * (SIDE + SIDE // 16) + SIDE // 4
    level = restored().set_index(["model", "application", "corruption", "image"]).p0
    order = [("input", 0), ("input", 0), ("nearest_image", 0)]
    order += product(("modified", "ordinary", "other"), (1,))
    for row, setting in enumerate(order):
        for which, corruption in enumerate(CORRUPTIONS):
            for image in range(2):
                place = which * group + image * (SIDE + SIDE // 16)
                given = "none" if row == 0 else corruption
                assert shown[row * pitch + 5, place + 5] == level[(*setting, given, image)]
