"""What the figures need beyond the tables as they are, and what is declared of them."""

from itertools import product
from pathlib import Path

import pandas as pd
import yaml

from stages.common import params
from stages.figures import plot
from tests import ROOT


def test_runs_end_in_their_last_row_and_train_at_their_best_rate():
    parameters = params.read(ROOT / "params.yaml", params.Laptop)
    keys = product(("B1", "B2"), ("modified", "ordinary"), (0.1, 0.2), (0, 1), (0, 5))
    rows = pd.DataFrame(keys, columns=["network", "rule", "learning_rate", "run", "step"])
    error = 1 / (1 + rows.step * rows.learning_rate)
    rows = rows.assign(absolute_error=error, relative_error=1.0, output_spread=1.0)
    rows = rows.assign(update_norm=0.1, diverged=False)
    lanes, training = plot.swept(rows, parameters)
    assert (lanes.step == 5).all() and len(lanes) == 2 * 2 * 2 * 2
    assert set(training.learning_rate) == {0.2}
    assert set(training.network) == {"B1", "B2"}


def test_six_figures_answer_a_question_each_and_all_others_are_in_the_appendix():
    stage = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["plot"]
    shown, others = ([Path(next(iter(out))) for out in stage[kind]] for kind in ("plots", "outs"))
    assert len(shown) == 6
    assert {path.parent.name for path in shown} == {"laptop"}
    assert {path.parent.name for path in others} == {"appendix"}
