"""The generative study on CelebA, run on made-up photographs in a copy of the repository."""

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
from tests.made_up import jpeg

NUMBERS = [*range(1, 31), *range(162_771, 162_791), *range(182_638, 182_658)]  # of every split


def shrink(content: dict[str, Any]) -> None:
    """Train for two steps on small images."""
    shrink_generative(content)
    content["prepare"]["image_size"] = 32
    content["features"] |= {"images": 8, "components": 2, "floors": [4, 8]}


@pytest.mark.integration
def test_the_pipeline_of_celeba_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    copy = copy_with(tmp_path / "copy", "stages/pipelines/celeba", shrink)
    photographs = tmp_path / "img_align_celeba"
    photographs.mkdir()
    for number in NUMBERS:
        (photographs / f"{number:06}.jpg").write_bytes(jpeg(number))
    monkeypatch.setenv("IDEM_DATA_DIR", str(tmp_path))
    run(["dvc", "repro", copy[1]], copy[0])
    check_outputs(*copy)
    check_only_results_changed(*copy)
    assert "up to date" in run(["dvc", "repro", copy[1]], copy[0])
