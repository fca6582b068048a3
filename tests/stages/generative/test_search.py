"""The search over settings: what a setting changes, how all are compared, and that it resumes."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from idem import figures
from stages.common import params
from stages.generative import recipes, search
from tests import interrupted
from tests.interrupted import ROOT, check_alike, saved_steps
from tests.made_up import write_classifier, write_mnist

OUT_OF_TIME = 75
TRIED = {"base": {"of": "modified"}, "slow": {"of": "modified", "learning_rate": 0.0001}}
ARGUMENTS = ["small", "--params", "stages/pipelines/study/params.yaml", "--metrics", "metrics"]


def prepare(
    folder: Path, steps: int, tried: dict[str, Any] = TRIED, groups: dict[str, Any] | None = None
) -> None:
    """Write a parameter file with one ranked group and others, made-up data and a classifier."""
    content = yaml.safe_load((ROOT / "stages/pipelines/study/params.yaml").read_text())
    content["search"] |= {"steps": steps, "groups": {"small": tried} | (groups or {})}
    content["search"] |= {"seeds": [0], "ranked": ["small"]}
    content["train"] |= {"batch_size": 6, "channels": [3, 4, 5], "bottleneck": 2}
    content["train"] |= {"calibration_batches": 1}
    content["train"] |= {"validation": {"every": 2, "samples": 10, "seed": 1}}
    content["score"] |= {"batch_size": 5}
    (folder / "stages/pipelines/study").mkdir(parents=True, exist_ok=True)
    (folder / "stages/pipelines/study/params.yaml").write_text(
        yaml.safe_dump(content, sort_keys=False)
    )
    write_mnist(folder, ("train", "valid"))
    write_classifier(folder)


def run_here(folder: Path, **environment: str) -> int | str | None:
    return interrupted.run_here(search, ARGUMENTS, folder, **environment)


def test_a_group_has_a_row_per_setting_and_measurement(tmp_path: Path):
    prepare(tmp_path, steps=4)
    assert run_here(tmp_path) == 0
    rows = pd.read_csv(tmp_path / "metrics/search_small.csv")
    assert rows.groupby("setting", sort=False).step.agg(list).to_dict() == {
        "base": [2, 4],
        "slow": [2, 4],
    }
    distances = rows.pivot(index="step", columns="setting", values="ema_frechet_distance")
    assert (distances.base != distances.slow).all()
    assert list((tmp_path / ".ckpt").iterdir()) == []


def test_networks_are_measured_in_eval_mode_too_if_that_is_asked_for(tmp_path: Path):
    small = {"base": TRIED["base"], "small": {"of": "modified", "side": 28, "channels": [3, 4]}}
    prepare(tmp_path, steps=4, tried=small)
    assert run_here(tmp_path) == 0
    rows = pd.read_csv(tmp_path / "metrics/search_small.csv")
    named = {"frechet_distance", "frechet_distance_2", "relative_error", "absolute_error"}
    named |= {"valid_relative_error", "valid_absolute_error", "reconstruction_error", "digits_2"}
    assert {f"{start}_{name}" for start in ("ema", "eval", "raw") for name in named} <= {*rows}
    assert rows[[f"eval_{name}" for name in named]].notna().all(axis=None)
    assert (rows.eval_relative_error != rows.ema_relative_error).all()


def test_a_side_that_cannot_be_cut_out_of_the_middle_is_refused(tmp_path: Path):
    for side in (34, 27):
        prepare(tmp_path, steps=2, tried={"odd": {"of": "modified", "side": side}})
        assert f"side: expected 32 or less by an even number, got {side}" in str(run_here(tmp_path))


def test_a_setting_may_have_seeds_and_steps_of_its_own(tmp_path: Path):
    prepare(tmp_path, steps=4, tried=TRIED | {"again": TRIED["slow"] | {"seeds": [1, 2]}})
    assert run_here(tmp_path) == 0
    rows = pd.read_csv(tmp_path / "metrics/search_small.csv")
    seeds = rows.groupby("setting").seed.agg(lambda found: sorted(set(found))).to_dict()
    assert seeds == {"base": [0], "slow": [0], "again": [1, 2]}
    prepare(tmp_path, steps=4, tried={"long": TRIED["base"] | {"steps": 6}})
    assert run_here(tmp_path) == 0
    assert pd.read_csv(tmp_path / "metrics/search_small.csv").step.tolist() == [2, 4, 6]


def test_a_group_that_was_cut_goes_on_to_the_same_bytes(tmp_path: Path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        prepare(folder, steps=4)
    assert run_here(whole) == 0
    for steps in (1, 3):  # one, then one more and the first of the second setting
        assert run_here(cut, IDEM_MINUTES="1e-5") == OUT_OF_TIME
        assert saved_steps(cut) == steps
    assert run_here(cut) == 0
    tables = [
        {path.name: path.read_bytes() for path in folder.glob("metrics/*.*")}
        for folder in (cut, whole)
    ]
    check_alike(*tables)


def test_what_is_done_when_the_time_is_up_is_told_until_all_is(tmp_path: Path):
    prepare(tmp_path, steps=2)
    so_far, told = tmp_path / "metrics/search_small_so_far.csv", []
    while run_here(tmp_path, IDEM_MINUTES="1e-5") == OUT_OF_TIME:
        told.append(pd.read_csv(so_far).setting.tolist() if so_far.exists() else [])
    assert told[0] == [] and told[-1] == ["base"]
    assert pd.read_csv(tmp_path / "metrics/search_small.csv").setting.tolist() == ["base", "slow"]
    assert not so_far.exists()


def test_a_setting_that_was_cut_is_found_again_in_another_group(tmp_path: Path):
    prepare(tmp_path, steps=4)
    assert run_here(tmp_path, IDEM_MINUTES="1e-5") == OUT_OF_TIME
    before = set((tmp_path / ".ckpt").iterdir())
    prepare(tmp_path, steps=4, tried={"again": TRIED["base"]})
    assert run_here(tmp_path, IDEM_MINUTES="1e-5") == OUT_OF_TIME
    assert set((tmp_path / ".ckpt").iterdir()) == before


def study() -> params.MNISTStudy:
    return params.read(ROOT / "stages/pipelines/study/params.yaml", params.MNISTStudy)


def base(whole: params.MNISTStudy) -> params.Train:
    """Return what settings start from."""
    own = {"steps": whole.search.steps, "seeds": whole.search.seeds}
    return whole.train.model_copy(update=own)


def all_made(whole: params.MNISTStudy) -> list[tuple[params.Train, params.Model]]:
    """Return the section and the model of every setting of every group."""
    tried = [s for of_group in whole.search.groups.values() for s in of_group.values()]
    return [search.changed(base(whole), whole.search.models, setting) for setting in tried]


def test_a_setting_changes_what_it_says_and_nothing_else():
    whole = study()
    models = whole.search.models
    setting = params.Setting.model_validate({"of": "modified", "weight": 0.5, "bottleneck": 7})
    section, model = search.changed(whole.train, models, setting)
    assert model == models["modified"].model_copy(update={"weight": 0.5})
    assert section == whole.train.model_copy(update={"bottleneck": 7})


def test_every_setting_of_the_study_can_be_made_and_differs_from_all_others():
    whole = study()
    made = all_made(whole)
    assert len(made) >= 20
    assert len({repr(one) for one in made}) == len(made)


def test_every_model_with_a_rule_that_the_study_compares_is_one_of_its_settings():
    whole = study()
    made, any_length = all_made(whole), {"steps": None}
    start = base(whole).model_copy(update=any_length | {"seeds": None})
    known = [
        model.model_copy(update=any_length)
        for section, model in made
        if section.model_copy(update=any_length | {"seeds": None}) == start
    ]
    for name, model in whole.train.models.items():
        assert model.rule == "none" or model.model_copy(update=any_length) in known, name


def test_steps_that_nothing_would_heed_are_refused(tmp_path: Path):
    prepare(tmp_path, steps=2)
    file = tmp_path / "stages/pipelines/study/params.yaml"
    content = yaml.safe_load(file.read_text())
    content["search"]["models"]["ign"]["steps"] = 3
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    assert "models.ign.steps: null, as search.steps is for all" in str(run_here(tmp_path))


def test_a_setting_of_an_unknown_model_is_refused(tmp_path: Path):
    prepare(tmp_path, steps=2, tried={"odd": {"of": "modfied"}})
    message = str(run_here(tmp_path))
    assert "odd.of: one of search.models (modified, ordinary, ign, recipe, one_map)" in message


def test_an_unknown_group_is_answered_with_those_there_are(tmp_path: Path):
    prepare(tmp_path, steps=2)
    message = interrupted.run_here(search, ["big", *ARGUMENTS[1:]], tmp_path)
    assert "unknown group 'big': expected one of small" in str(message)


def rows(setting: str, distances: list[float], digits: list[int]) -> pd.DataFrame:
    steps = range(1, len(distances) + 1)
    found = {"setting": setting, "seed": 0, "step": steps, "ema_frechet_distance": distances}
    found |= {"ema_digits": digits, "raw_frechet_distance": 1.0}
    return pd.DataFrame(found | {"ema_relative_error": 0.5})


def test_the_second_half_decides_and_a_lost_digit_counts_whenever_it_was_lost():
    early = rows("early", [1, 1, 9, 4], [1, 1, 10, 10])
    late = rows("late", [9, 9, 1, 4], [10, 10, 9, 10])
    found = recipes.summarize(pd.concat([early, late])).set_index("setting")
    assert found.distance["early"] == pytest.approx(6) and found.distance["late"] == 2
    assert found.steady.to_dict() == {"early": True, "late": False}
    best = recipes.best(found.reset_index().assign(of="modified", changed="x"))
    assert best["modified"]["setting"] == "early"


def test_every_setting_has_a_second_half_of_its_own_and_answers_for_all_its_seeds():
    short, long = rows("short", [9, 4], [1, 10]), rows("long", [9, 9, 9, 1], [1, 1, 10, 9])
    other = rows("short", [9, 16], [1, 8]).assign(seed=1)
    found = recipes.summarize(pd.concat([short, long, other])).set_index("setting")
    assert found.distance.to_dict() == {"short": pytest.approx(8), "long": pytest.approx(3)}
    assert found.fewest_digits.to_dict() == {"short": 8, "long": 9}
    assert found.steps.to_dict() == {"short": 2, "long": 4}
    assert found.seeds.to_dict() == {"short": 2, "long": 1}


def test_the_table_says_what_was_changed_and_the_figure_shows_every_setting(tmp_path: Path):
    long = {"long": TRIED["base"] | {"steps": 6}}
    prepare(tmp_path, steps=4, tried=TRIED | long)
    assert run_here(tmp_path) == 0
    assert interrupted.run_here(recipes, ARGUMENTS[1:], tmp_path) == 0
    page = (tmp_path / "metrics/settings.md").read_text()
    assert "| base | as it is | 1 | 4 |" in page and "| slow | rate 0.0001 | 1 | 4 |" in page
    found = json.loads((tmp_path / "metrics/recipes.json").read_text())
    assert set(found) == {"modified"}
    assert found["modified"]["tried"] == 2, "the long one is not ranked among the others"
    table = pd.read_csv(tmp_path / "metrics/settings.csv")
    (axes,) = figures.figure_settings(table).axes
    assert len(axes.lines) == len(table) == 3


def test_what_is_added_to_the_papers_training_is_a_row_of_the_figure():
    search = study().search
    tried = search.groups["decorrelated"] | search.groups["poster"] | search.groups["baselines"]
    found = pd.DataFrame({"of": [s.of for s in tried.values()], "distance": 1.0, "steady": True})
    found["added"] = [recipes.added(search.models[s.of], s) for s in tried.values()]
    (axes,) = figures.figure_settings(found).axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[0] == "Modified + code" and "Modified + code + noise + tightness" in labels
    assert "IGN" in labels and "IGN + tightness" not in labels, "tightness is IGN's own"
    assert len(axes.lines) == len(tried)


def test_the_table_of_settings_waits_for_every_group():
    pipeline = yaml.safe_load((ROOT / "stages/pipelines/study/dvc.yaml").read_text())["stages"]
    search = study().search
    ranked, rest = set(search.ranked), set(search.groups) - set(search.ranked)
    for stage, groups in (("recipes", ranked), ("trials", rest)):
        tables = {f"metrics/study/search_{name}.csv" for name in groups}
        assert tables == {d for d in pipeline[stage]["deps"] if "/search_" in d}
    assert pipeline["search"]["foreach"] == list(search.groups)


def test_a_setting_that_breaks_off_is_no_recipe_and_ends_no_group(tmp_path: Path):
    broken = {"of": "modified", "learning_rate": 1e37}
    prepare(tmp_path, steps=8, tried={"broken": broken, "base": TRIED["base"]})
    assert run_here(tmp_path, IDEM_MINUTES="1e-5") == OUT_OF_TIME  # with a checkpoint of step 1
    assert run_here(tmp_path) == 0
    found = pd.read_csv(tmp_path / "metrics/search_small.csv")
    (stopped,) = found.stopped.dropna()
    assert stopped.startswith(("loss not finite", "weights or their moments not finite"))
    assert stopped.endswith("bound the gradient's norm"), "neither a name nor a checkpoint"
    summary = recipes.summarize(found).set_index("setting")
    assert summary.distance["broken"] == float("inf") and summary.fewest_digits["broken"] == 0
