"""Figures of photographs stay out of git, and stand on a page beside the others."""

import base64
import json
import sys
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from matplotlib.figure import Figure

from stages.figures import plot_generative
from tests import ROOT

SUBSET = "SUBSET: 3 of 7 images"


def test_pictures_of_photographs_are_drawn_out_of_gits_sight(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    metrics = Path("metrics")
    names = ("appendix/figure_drift", "figure_5", "appendix/figure_restoration")
    metrics.mkdir()
    (metrics / "prepare_celeba.json").write_text(json.dumps({"data": SUBSET}))
    drawn = {name: Figure() for name in names}
    monkeypatch.setattr(
        plot_generative, "drawings", lambda *_: {n: partial(drawn.get, n) for n in names}
    )
    pipeline = ROOT / "stages/pipelines/celeba/params.yaml"
    arguments = ["plot", "celeba", "--params", str(pipeline), "--metrics", "metrics"]
    monkeypatch.setattr(sys, "argv", arguments)
    (metrics / "generative.md").write_text(f"{SUBSET}.\n")
    plot_generative.main()
    drift = metrics / "appendix/figure_drift.png"
    assert set(metrics.rglob("*.png")) == {metrics / "figure_5.png", drift}
    assert Path("data/celeba/figure_restoration.png").exists()
    assert drawn["appendix/figure_drift"].get_suptitle() == SUBSET
    page = ElementTree.fromstring(Path("data/celeba/page.html").read_text())
    shown = [base64.b64decode(image.attrib["src"].split(",")[1]) for image in page.iter("img")]
    restored = Path("data/celeba/figure_restoration.png")
    files = [metrics / "figure_5.png", restored, drift]
    assert shown == [file.read_bytes() for file in files]
    assert SUBSET in "".join(page.itertext())


def test_pictures_that_may_be_passed_on_are_on_no_page(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "appendix/figure_restoration"
    monkeypatch.setattr(plot_generative, "drawings", lambda *_: {name: Figure})
    arguments = ["plot", "mnist", "--params", str(ROOT / "params.yaml"), "--metrics", "metrics"]
    monkeypatch.setattr(sys, "argv", arguments)
    plot_generative.main()
    assert [path.as_posix() for path in Path().rglob("*.*")] == [f"metrics/{name}.png"]


def test_samples_are_drawn_where_a_way_is_known(tmp_path: Path):
    path = tmp_path / "ways.npz"
    assert plot_generative.samples_of_ways(path, ["a"]) == {}
    np.savez(path, a=np.zeros(2, np.uint8), b=np.ones(2, np.uint8))
    assert [*plot_generative.samples_of_ways(path, ["a"])] == ["a", "b"]
    assert plot_generative.samples_of_ways(path, ["c"]) == {}
    for stage, known, draw in plot_generative.OF_WAYS.values():
        with np.load(ROOT / f"metrics/study/{stage}_mnist.npz") as kept:
            assert set(kept) >= set(known), draw
