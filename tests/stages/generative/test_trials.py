"""The tables of settings that answer a question each."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from stages.common import params
from stages.generative import search, trials
from tests import interrupted
from tests.stages.generative.test_search import ARGUMENTS, prepare

FILE = "stages/pipelines/study/params.yaml"
FAIR = {
    "modified_0_1": {"of": "modified", "weight": 0.1},
    "modified_3": {"of": "modified", "weight": 3.0},
    "ordinary_0_1": {"of": "ordinary", "weight": 0.1},
    "ordinary_3": {"of": "ordinary", "weight": 3.0},
}
ONE_MAP = {"lead": {"of": "one_map", "batch_size": 6, "seeds": [0, 1]}, "base": {"of": "modified"}}


def run_groups(folder: Path) -> None:
    prepare(folder, steps=4, groups={"fair": FAIR, "one_map": ONE_MAP})
    for group in ("fair", "one_map"):
        assert interrupted.run_here(search, [group, *ARGUMENTS[1:]], folder) == 0
    assert interrupted.run_here(trials, ARGUMENTS[1:], folder) == 0


def test_every_setting_has_its_row_and_errors_are_compared(tmp_path: Path):
    run_groups(tmp_path)
    page = (tmp_path / "metrics/trials.md").read_text()
    assert "## Towards one map" in page and "## Both rules at many weights" in page
    assert "| lead | one_map: batch 6, 2 seeds | 6 | 0 | 2 / 2 / 4 |" in page
    assert "| ordinary_3 | ordinary: weight 3 | 6 | 1 | 4 |" in page
    rows = pd.read_csv(tmp_path / "metrics/trials.csv")
    assert rows.groupby("group").setting.nunique().to_dict() == {"fair": 4, "one_map": 2}
    assert rows[list(trials.MEASURES)].notna().all(axis=None)
    table = pd.read_csv(tmp_path / "metrics/fair.csv")
    assert list(table)[:4] == ["mode", "images", "error", "reconstruction"]


def run_of(setting: str, seed: int, values: list[float]) -> pd.DataFrame:
    measured = {name: values for name in trials.MEASURES}
    steps = [100 * i for i in range(1, len(values) + 1)]
    about = {"setting": setting, "of": "one_map", "changed": "align 1", "batch_size": 128}
    return pd.DataFrame(about | {"seed": seed, "step": steps} | measured)


def test_leads_are_told_at_half_three_quarters_and_the_end():
    head, rows = trials.leads(pd.concat([run_of("a", 0, [8, 7, 6, 5]), run_of("a", 1, [4, 3])]))
    assert head[5] == "eval f(z)"
    assert rows[0][:6] == ["a", "one_map: align 1", "128", "0", "200 / 300 / 400", "7 / 6 / 5"]
    assert rows[1][4:6] == ["100 / 100 / 200", "4 / 4 / 3"]


def test_a_summary_has_means_of_the_last_step_and_of_distances_those_of_logarithms():
    runs = [run_of("a", seed, [9, last]) for seed, last in enumerate((10, 20, 40))]
    (row,) = trials.summary(pd.concat(runs), 0.95).rows
    assert row[:5] == ["a", "one_map: align 1", "128", "3", "200"]
    half = stats.t.ppf(0.975, 2) * math.log(2) / math.sqrt(3)
    assert row[5] == f"20 [{20 * math.exp(-half):.3g}, {20 * math.exp(half):.3g}]"
    assert row[7].startswith("23.3 [")


def test_settings_without_eval_mode_have_dashes_there():
    rows = pd.DataFrame({"setting": ["a"], "seed": 0, "step": 1, "ema_frechet_distance": 3.0})
    whole = params.read(interrupted.ROOT / FILE, params.MNISTStudy)
    tried = {"a": params.Setting.model_validate({"of": "one_map", "align": 0.3})}
    found = trials.described(rows, whole.search, tried, 64)
    assert found.batch_size.tolist() == [128] and found.changed.tolist() == ["align 0.3"]
    (row,) = trials.summary(found, 0.95).rows
    assert row[5:9] == ["–", "–", "–", "3"]
    assert np.isnan(found.eval_digits).all()
