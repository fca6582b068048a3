"""The generative study at length, run at its smallest in a copy of the repository."""

from pathlib import Path
from typing import Any

import pytest

from stages.report.scratch import run
from tests.integration.pipelines import (
    check_only_results_changed,
    check_outputs,
    copy_with,
    shrink_generative,
)
from tests.made_up import write_mnist

GROUPS = ("baselines", "one_map", "fair")  # one that is ranked, and two with tables of their own


def keep_groups(stages: dict[str, Any]) -> None:
    """Run the search for three groups, which differ from the others in settings alone."""
    others = {name for name in stages["search"]["foreach"] if name not in GROUPS}
    gone = {f"metrics/study/search_{name}.csv" for name in others}
    stages["search"]["foreach"] = [*GROUPS]
    for name in ("recipes", "trials", "claims"):
        stages[name]["deps"] = [path for path in stages[name]["deps"] if path not in gone]


def shrink(content: dict[str, Any]) -> None:
    """Train one setting of each of these groups, and all for two steps."""
    shrink_generative(content)
    tried = content["search"]["groups"]
    firsts = {name: next(iter(tried[name].items())) for name in GROUPS}
    brief = {"steps": 2, "seeds": [0]}
    groups = {name: {setting: of | brief} for name, (setting, of) in firsts.items()}
    content["search"] |= brief | {"groups": groups, "ranked": [*GROUPS[:1]]}
    once = [way | {"learning_rates": [1e-3]} for way in content["perfect"]["ways"]]
    few = {"seeds": [0], "images": 5, "batch_size": 2, "pretraining_steps": 2, "steps": 2}
    content["perfect"] |= few | {"ways": once}


@pytest.mark.integration
def test_the_pipeline_of_the_study_runs(tmp_path: Path):
    copy = copy_with(tmp_path, "stages/pipelines/study", shrink, keep_groups)
    write_mnist(tmp_path, ("train", "valid", "test"))
    run(["dvc", "repro", copy[1]], tmp_path)
    check_outputs(*copy)
    check_only_results_changed(*copy)
    assert "up to date" in run(["dvc", "repro", copy[1]], tmp_path)
