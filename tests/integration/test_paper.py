"""The sweeps at the paper's scale, run at their smallest in a copy of the repository."""

from pathlib import Path

import pytest

from stages.report.scratch import run
from tests.integration.pipelines import (
    check_only_results_changed,
    check_outputs,
    copy_with,
    shrink_sweeps,
)


@pytest.mark.integration
def test_the_pipeline_of_the_paper_runs(tmp_path: Path):
    copy = copy_with(tmp_path, "stages/pipelines/paper", shrink_sweeps)
    run(["dvc", "repro", copy[1]], tmp_path)
    check_outputs(*copy)
    check_only_results_changed(*copy)
    assert "up to date" in run(["dvc", "repro", copy[1]], tmp_path)
