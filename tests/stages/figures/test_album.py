from pathlib import Path

import pytest
import yaml

from stages.figures.album import CAPTIONS
from tests import ROOT


@pytest.mark.parametrize("pipeline", ["stages/pipelines/study", "stages/pipelines/celeba"])
def test_every_figure_has_a_caption_on_the_page(pipeline):
    plot = yaml.safe_load((ROOT / pipeline / "dvc.yaml").read_text())["stages"]["plot"]
    outs = [next(iter(out)) for kind in ("outs", "plots") for out in plot.get(kind, [])]
    figures = {Path(out).stem for out in outs if out.endswith(".png")}
    assert len(figures) == 8
    assert figures <= set(CAPTIONS)
