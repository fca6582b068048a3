"""The page of a data set whose pictures stay out of git."""

from pathlib import Path

import yaml

from stages.evaluation import pictures
from stages.figures.album import CAPTIONS
from tests import ROOT

DATASETS = {"mnist": "study", "celeba": "celeba"}  # the pipelines that draw them


def test_every_figure_of_a_data_set_with_a_page_has_a_caption():
    with_page = [name for name in DATASETS if not pictures.may_travel(name)]
    assert with_page == ["celeba"]
    for name in with_page:
        path = ROOT / "stages/pipelines" / DATASETS[name] / "dvc.yaml"
        plot = yaml.safe_load(path.read_text())["stages"]["plot"]
        outs = [next(iter(out)) for kind in ("outs", "plots") for out in plot.get(kind, [])]
        figures = {Path(out).stem for out in outs if out.endswith(".png")}
        assert figures == set(CAPTIONS)
