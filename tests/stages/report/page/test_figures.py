"""Every figure has a title and words for those who do not see it, and fits into the page."""

import re
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.report.page import figures
from stages.report.page.build import APPENDICES, LAST, SECTIONS, TEMPLATES
from stages.report.page.metrics import Metrics
from tests import ROOT


def drawing(path: Path) -> None:
    pixels = np.full((60, 90, 3), 255, dtype=np.uint8)
    pixels[20:30] = (200, 30, 40)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def test_a_figure_of_this_checkout_keeps_every_pixel():
    path = ROOT / "metrics/study/figure_5.png"
    kind, _, content = figures.embedded(path).partition(";base64,")
    assert kind == "data:image/png"
    with Image.open(BytesIO(b64decode(content))) as shown, Image.open(path) as original:
        assert shown.convert("RGB").tobytes() == original.convert("RGB").tobytes()


def test_figures_are_numbered_as_they_come_and_unknown_ones_come_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    for name in (
        "study/figure_5",
        "laptop/figure_5",
        "celeba/figure_5",
        "laptop/figure_recurrence",
    ):
        drawing(Path("metrics", f"{name}.png"))
    drawing(Path("metrics/laptop/figure_cost.png"))
    drawing(Path("metrics/laptop/figure_no_such_thing.png"))
    found = figures.pictures(Metrics())
    assert [(p.label, p.source, p.of_paper) for p in found["generation"]] == [
        ("Figure 3a", "study", "Figure 5"),
        ("Figure 3b", "celeba", "Figure 5"),
    ]
    assert [p.label for p in found["2.2"]] == ["Figure 1"]
    assert [p.label for p in found["2.3"] + found["E"]] == ["Figure 2", "Figure 4"]
    assert found["E"][0].title == "No such thing"


def test_a_figure_that_was_drawn_and_is_lost_is_a_fault(copy: Path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.chdir(copy)
    metrics = Metrics()
    assert figures.pictures(metrics) == {}
    assert any(
        fault == "metrics/laptop/figure_recurrence.png: no such file; run `dvc repro plot`"
        for fault in metrics.faults
    )


def test_the_table_has_the_order_of_the_page():
    texts = [(TEMPLATES / f"{name}.md.j2").read_text() for name in (*SECTIONS, *LAST)]
    sections = re.findall(r'figures\("(.+?)"\)', "".join(texts))
    own = [section for section in APPENDICES.values() if section]
    expected = [*sections[:-1], *own, *sections[-1:]]
    assert list(dict.fromkeys(about.section for about in figures.FIGURES.values())) == expected


def test_every_figure_of_this_checkout_is_known():
    there = {path.stem for path in ROOT.glob("metrics/*/**/figure*.png")}
    assert there <= set(figures.FIGURES)
    assert all(len(about.alt) > 40 and about.title for about in figures.FIGURES.values())
