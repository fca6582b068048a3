"""Figures of photographs stay out of git, and stand on a page beside the others."""

import base64
import json
import sys
from pathlib import Path
from xml.etree import ElementTree

from matplotlib.figure import Figure

from stages.figures import plot_generative
from tests import ROOT

SUBSET = "SUBSET: 3 of 7 images"


def test_pictures_of_photographs_are_drawn_out_of_gits_sight(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    metrics, names = Path("metrics"), ("figure_drift", "figure_5", "figure_restoration")
    metrics.mkdir()
    (metrics / "prepare_celeba.json").write_text(json.dumps({"data": SUBSET}))
    drawn = {name: Figure() for name in names}
    monkeypatch.setattr(plot_generative, "drawings", lambda *_: drawn)
    pipeline = ROOT / "stages/pipelines/celeba/params.yaml"
    arguments = ["plot", "celeba", "--params", str(pipeline), "--metrics", "metrics"]
    monkeypatch.setattr(sys, "argv", arguments)
    (metrics / "generative.md").write_text(f"{SUBSET}.\n")
    plot_generative.main()
    assert sorted(p.name for p in metrics.glob("*.png")) == ["figure_5.png", "figure_drift.png"]
    assert Path("data/celeba/figure_restoration.png").exists()
    assert drawn["figure_drift"].get_suptitle() == SUBSET
    page = ElementTree.fromstring(Path("data/celeba/page.html").read_text())
    shown = [base64.b64decode(image.attrib["src"].split(",")[1]) for image in page.iter("img")]
    restored = Path("data/celeba/figure_restoration.png")
    files = [metrics / "figure_5.png", restored, metrics / "figure_drift.png"]
    assert shown == [file.read_bytes() for file in files]
    assert SUBSET in "".join(page.itertext())


def test_pictures_that_may_be_passed_on_are_on_no_page(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plot_generative, "drawings", lambda *_: {"figure_restoration": Figure()})
    arguments = ["plot", "mnist", "--params", str(ROOT / "params.yaml"), "--metrics", "metrics"]
    monkeypatch.setattr(sys, "argv", arguments)
    plot_generative.main()
    assert [path.as_posix() for path in Path().rglob("*.*")] == ["metrics/figure_restoration.png"]
