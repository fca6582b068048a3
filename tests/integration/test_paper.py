"""The sweeps at the paper's scale, run at their smallest in a copy of the repository."""

from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from idem.rule.loss import RULES
from stages.report.scratch import run
from tests.integration.pipelines import check_only_results_changed, check_outputs, copy_with


def shrink(content: dict[str, Any]) -> None:
    """Train every network for a step."""
    brief = {"learning_rates": [0.12], "runs": 1, "steps": 1}
    content["sweep"]["batch_size"] = 8
    for network in content["sweep"]["networks"].values():
        network |= brief
    content["published"]["log_at"] = [1]
    lines_of = [content[section]["networks"].values() for section in ("published", "readings")]
    for lines in chain(*lines_of):
        lines |= {"learning_rates": {rule: [0.07] for rule in RULES}, "runs": 1, "steps": 1}
    for stand_in in content["stand_ins"].values():
        stand_in |= {"batch_size": 8, "runs": 1, "steps": 1}
    for section in ("near", "newdata"):
        for case in content[section]["cases"].values():
            case |= {"learning_rates": [0.01], "runs": 1, "steps": 1}
    content["walks"] |= {"steps": 10, "surface_points": 2, "runs": 1}
    for chosen in content["transposed"]["networks"].values():
        chosen |= {"learning_rates": [0.12], "runs": 1}
    for size, variant in enumerate(content["variants"].values(), start=4):
        variant |= brief | {"batch_size": size}


@pytest.mark.integration
def test_the_pipeline_of_the_paper_runs(tmp_path: Path):
    copy = copy_with(tmp_path, "stages/pipelines/paper", shrink)
    run(["dvc", "repro", copy[1]], tmp_path)
    check_outputs(*copy)
    check_only_results_changed(*copy)
    assert "up to date" in run(["dvc", "repro", copy[1]], tmp_path)
