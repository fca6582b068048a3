"""The pictures of restored images: what stands where, and what is written beside it."""

from itertools import product
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from matplotlib.container import ErrorbarContainer

from idem.figures import figure_restoration, figure_restoration_scores
from tests.idem.figures.drawing import drawn

CORRUPTIONS = ("none", "noise", "mask", "sketch", "shift")
BASELINES = ("input", "mean_image", "nearest_image")
MODELS = ("ordinary", "other", "modified")
IMAGES, SIDE = 2, 4
ROWS = 3 + len(MODELS)


def settings() -> list[tuple[str, int]]:
    return [(name, 0) for name in BASELINES] + list(product(MODELS, (1, 2)))


def restored(channels: int = 1, count: int | None = None) -> pd.DataFrame:
    """Make images of one colour each, a different one for every row of the table."""
    keys = [(*s, c, i) for s, c, i in product(settings(), CORRUPTIONS, range(IMAGES))]
    table = pd.DataFrame(keys, columns=["model", "application", "corruption", "image"])
    table["seed"], table["psnr"] = 0, 10 + 0.1 * np.arange(len(table))
    level = np.arange(len(table))[:, None] + 50 * np.arange(channels)
    pixels = np.repeat(level, SIDE**2, axis=1)[:, : count if count is not None else None]
    return pd.concat([table, pd.DataFrame(pixels).add_prefix("p")], axis=1)


def scores(**changes: Any) -> pd.DataFrame:
    keys = [
        (model, application, corruption, mode, seed)
        for (model, application), corruption in product(settings(), CORRUPTIONS)
        for mode in (("train", "eval") if application else (None,))
        for seed in (("all", "0") if application else ("all",))
        if (model, corruption) != ("input", "none")
    ]
    table = pd.DataFrame(keys, columns=["model", "application", "corruption", "mode", "seed"])
    table["weights"] = ["best" if k > 0 else None for k in table.application]
    for metric, scale in (("psnr", 1.0), ("ssim", 0.01)):
        table[metric] = scale * (10.0 + np.arange(len(table)) % 13)
        table[f"{metric}_low"] = table[metric] - scale
        table[f"{metric}_high"] = table[metric] + 2 * scale
    return table.assign(**changes)


def test_every_image_stands_in_its_row_and_column():
    table = restored()
    (axes,) = drawn(figure_restoration(table)).axes
    found = {}
    for image in axes.images:
        left, _, _, top = image.get_extent()
        found[round(left, 3), round(top, 3)] = int(np.asarray(image.get_array())[0, 0])
    lefts, tops = (sorted({key[i] for key in found}) for i in (0, 1))
    assert (len(lefts), len(tops)) == (len(CORRUPTIONS) * IMAGES, ROWS)
    assert len(found) == ROWS * len(lefts) - IMAGES, "the original is not given a second time"
    level = table.assign(level=table.p0).set_index(["model", "application", "corruption", "image"])
    order = [("input", 0), ("nearest_image", 0)]
    order += list(product(("modified", "ordinary", "other"), (1,)))
    for column, (corruption, image) in enumerate(product(CORRUPTIONS, range(IMAGES))):
        originals = level.level["input", 0, "none", image]
        assert found[lefts[column], tops[-1]] == originals
        for row, setting in enumerate(order, start=2):
            if (setting[0], corruption) != ("input", "none"):
                expected = level.level[(*setting, corruption, image)]
                assert found[lefts[column], tops[-row]] == expected


def test_psnr_stands_below_every_image_but_the_original():
    table = restored()
    (axes,) = drawn(figure_restoration(table)).axes
    words = [text.get_text() for text in axes.texts]
    given = (table.model == "input") & (table.corruption == "none")
    expected = table.psnr[(table.model != "mean_image") & (table.application < 2) & ~given]
    numbers = [word for word in words if word.replace(".", "").isdigit()]
    assert sorted(numbers) == sorted(f"{psnr:.1f}" for psnr in expected)
    assert {"Unchanged", "Shift", "Original $x$"} < set(words)
    assert any(word.startswith("Other") for word in words), "a model without a name of its own"


def test_images_of_three_channels_are_in_colour():
    (axes,) = drawn(figure_restoration(restored(channels=3))).axes
    pixel = np.asarray(axes.images[0].get_array())[0, 0]
    assert pixel.tolist() == [0, 50, 100]


@pytest.mark.parametrize("count", [0, 6, 15])
def test_pixels_that_make_no_square_are_refused(count: int):
    with pytest.raises(ValueError, match=f"1 or 3 channels, got {count} pixels"):
        figure_restoration(restored(count=count))


def test_scores_have_a_panel_a_metric_and_mode():
    figure = drawn(figure_restoration_scores(scores()))
    assert len(figure.axes) == 4
    top, bottom = figure.axes[::2]
    assert "dB" in top.get_ylabel() and "SSIM" in bottom.get_ylabel()
    assert [label.get_text() for label in bottom.get_xticklabels()][0] == "Unchanged"
    words = {text.get_text() for text in figure.legends[0].get_texts()}
    assert {"Modified rule", "Ordinary rule", "Other", "mean training image"} < words


def test_scores_over_seeds_stand_with_their_intervals():
    table = scores()
    axes = drawn(figure_restoration_scores(table)).axes[1]  # PSNR, mode eval
    containers = [cast(ErrorbarContainer, bars) for bars in axes.containers]
    marks = [np.asarray(bars.lines[0].get_ydata(), float) for bars in containers]
    chosen = table[(table["mode"] == "eval") & (table.seed == "all")]
    order = list(product(("modified", "ordinary", "other"), (1, 2)))
    for ys, (model, application), bars in zip(marks, order, containers, strict=True):
        rows = chosen[(chosen.model == model) & (chosen.application == application)]
        np.testing.assert_allclose(ys, rows.psnr.to_numpy(float))
        ends = np.array([segment[:, 1] for segment in bars.lines[2][0].get_segments()])
        np.testing.assert_allclose(ends, rows[["psnr_low", "psnr_high"]].to_numpy(float))
    across = [line for line in axes.lines if np.ptp(line.get_xdata()) == pytest.approx(0.84)]
    assert len(across) == len(BASELINES) * len(CORRUPTIONS) - 1


def test_of_several_kinds_of_weights_the_first_is_drawn():
    table = scores()
    more = table[table.application > 0].assign(weights="raw", psnr=99.0)
    figure = drawn(figure_restoration_scores(pd.concat([table, more])))
    assert figure.axes[0].get_ylim()[1] < 99
