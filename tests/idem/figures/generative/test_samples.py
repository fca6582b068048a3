"""Figure 5: what stands where, and in which colours."""

from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from idem.figures import figure_5, figure_neighbours, figure_restoration, style
from tests.idem.figures import drawing

SAMPLES, SHOWN = 10, 5
SIDE = 16
PITCH = SIDE + SIDE // 8  # of the rows
NOTE = "SUBSET: 29996 of 202599 images"
MODIFIED, ORDINARY = "Our training, modified rule", "Our training, ordinary rule"


def drawn(table: pd.DataFrame, note: str = "") -> Figure:
    return drawing.drawn(figure_5(table, distances(), note))


@cache
def figure_of(channels: int = 1) -> Figure:
    return drawn(samples(channels))


def distances() -> pd.DataFrame:
    keys = product(("modified", "ordinary", "held_out"), ("train", "eval"))
    table = pd.DataFrame(keys, columns=["model", "mode"])
    return table.assign(mean=[20.0, 90, 100, 130, 3, 3], low=[18.0, 80, 95, 120, 3, 3], high=150.0)


def samples(channels: int = 1, models: tuple[str, ...] = ("ordinary", "modified")) -> pd.DataFrame:
    """Make images of one colour each: seed, mode, sample, application and model decide which."""
    keys = product(models, (0, 1), ("train", "eval"), range(SAMPLES), (0, 1, 2))
    table = pd.DataFrame(keys, columns=["model", "seed", "mode", "sample", "application"])
    level = 60 * table.seed + 10 * table["sample"] + table.application
    made = table.application > 0
    level += (table.model.str.len() + 3 * (table["mode"] == "eval")).where(made, 0)
    planes = [level + 5 * channel for channel in range(channels) for _ in range(SIDE**2)]
    pixels = pd.DataFrame(dict(enumerate(planes))).add_prefix("p")
    return pd.concat([table, pixels], axis=1)


def colour(figure: Figure, row: int, place: float, panel: int = 0) -> list[int]:
    """Return the colour of a strip at `place`, in images from the left edge of a panel."""
    image: Any = figure.axes[panel].images[0].get_array()
    return np.asarray(image)[row * PITCH + SIDE // 2, int(place * SIDE)].tolist()


def labels(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_noise_that_models_share_is_drawn_once_above_them_in_the_house_order():
    assert labels(figure_of()) == [
        "Noise z",
        MODIFIED,
        ORDINARY,
    ]


def test_models_without_a_name_of_their_own_come_last():
    figure = drawn(samples(models=("Zebra", "ign", "a setting", "autoencoder")))
    assert labels(figure) == ["Noise z", "IGN", "Autoencoder", "Zebra", "A setting"]


def test_a_model_with_noise_of_its_own_stands_below_it():
    table = samples()
    table.loc[(table.model == "ordinary") & (table.application == 0), "p0"] += 1
    assert labels(drawn(table)) == [
        "Noise z",
        MODIFIED,
        "Noise z",
        ORDINARY,
    ]


def test_both_applications_stand_side_by_side_in_the_first_seed():
    figure = figure_of()
    left, right, second = (colour(figure, 1, place) for place in (0.5, 1.5, 2.5))
    assert left == [9] * 3
    assert right == [10] * 3
    assert second == [19] * 3
    ticks = [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    assert ticks == ["f", "f²"] * SHOWN


def test_a_panel_shows_a_mode():
    figure = figure_of()
    assert [axes.get_title() for axes in figure.axes] == [*style.MODES.values(), ""]
    assert [colour(figure, 0, 0.5, panel) for panel in (0, 1)] == [[0] * 3] * 2
    assert [colour(figure, 1, 0.5, panel) for panel in (0, 1)] == [[9] * 3, [12] * 3]


def test_the_noise_stands_above_what_f_makes_of_it():
    figure = figure_of()
    assert colour(figure, 0, 0.5) == [0] * 3
    assert colour(figure, 0, 1.5) == [255] * 3


def test_planes_become_red_green_and_blue():
    assert colour(figure_of(3), 1, 0.5) == [9, 14, 19]


def test_what_a_model_has_no_image_of_stays_white():
    table = samples(models=("modified", "dcgan"))
    figure = drawn(table[(table.model != "dcgan") | (table.application == 1)])
    assert labels(figure) == ["Noise z", MODIFIED, "DCGAN"]
    assert colour(figure, 2, 0.5) == [6] * 3
    assert colour(figure, 2, 1.5) == [255] * 3


def test_the_order_of_the_rows_decides_nothing():
    table = samples(channels=3)
    images: list[Any] = []
    for rows in (table, table[::-1]):
        images.append([np.asarray(a.images[0].get_array()) for a in drawn(rows).axes[:2]])
    np.testing.assert_array_equal(*images)


def test_distances_stand_beside_their_models_open_in_eval_mode():
    beside = figure_of().axes[2]
    marks = [line for line in beside.lines if line.get_marker() == "o"]
    assert [np.asarray(line.get_xdata()).tolist() for line in marks] == [[20], [90], [100], [130]]
    assert [int(np.asarray(line.get_ydata())[0]) for line in marks] == [1, 1, 2, 2]
    assert [line.get_markerfacecolor() == "white" for line in marks] == [False, True] * 2
    assert beside.get_ylim()[0] > beside.get_ylim()[1], "the rows of the images"


def test_a_note_stands_below():
    assert drawn(samples(), NOTE).get_supxlabel() == NOTE


@pytest.mark.parametrize(("least", "numbers"), [(0.1, ["1", "10"]), (10.0, ["10", "30", "100"])])
def test_distances_have_a_few_round_numbers(least: float, numbers: list[str]):
    table = distances().assign(low=least)
    axes = drawing.drawn(figure_5(samples(), table)).axes[2]
    low, high = axes.get_xlim()
    shown = {label.get_text() for label in axes.get_xticklabels()}
    assert set(numbers) <= shown
    assert 3 <= len(shown) <= 5
    assert all(low <= float(number) <= high for number in shown)


def test_neighbours_puts_samples_of_the_first_seed_above_what_is_nearest():
    keys = product(("ordinary", "modified"), (3, 4), range(2), ("sample", "nearest"))
    rows = [
        {"model": m, "seed": s, "sample": i, "picture": p}
        | {f"p{k}": 10 * s + i + 100 * (p == "nearest") for k in range(SIDE**2)}
        for m, s, i, p in keys
    ]
    figure = drawing.drawn(figure_neighbours(pd.DataFrame(rows)))
    nearest = "nearest in training"
    assert labels(figure) == [
        MODIFIED,
        nearest,
        ORDINARY,
        nearest,
    ]
    found = [[colour(figure, row, place)[0] for place in (0.5, 1.5)] for row in range(4)]
    assert found == [[30, 31], [130, 131]] * 2


CORRUPTIONS = ("none", "noise", "mask", "sketch", "shift")


def restored() -> pd.DataFrame:
    """Make images of one colour each, a different one for every row of the table."""
    settings = [(name, 0) for name in ("input", "mean_image", "nearest_image")]
    settings += product(("ordinary", "other", "modified"), (1, 2))
    keys = [(*s, c, i) for s, c, i in product(settings, CORRUPTIONS, range(2))]
    table = pd.DataFrame(keys, columns=["model", "application", "corruption", "image"])
    level = np.repeat(np.arange(len(table))[:, None], SIDE**2, axis=1)
    return pd.concat([table, pd.DataFrame(level).add_prefix("p")], axis=1)


def test_every_image_stands_in_its_row_and_column():
    (axes,) = drawing.drawn(figure_restoration(restored())).axes
    titles = [tick.get_text().lower() for tick in axes.get_xticklabels()]
    assert titles == ["unchanged", *CORRUPTIONS[1:]]
    names = [tick.get_text() for tick in axes.get_yticklabels()]
    assert names[:3] == ["Original", "Given image", "Nearest training image"]
    assert names[3:] == [MODIFIED, ORDINARY, "Other"]
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
