import sys
from pathlib import Path

import pytest
import yaml

from stages.common import check
from stages.common.params.pipelines import PIPELINES, file_of
from tests import ROOT


def written(folder: Path, pipeline: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Check the parameters that lie in a folder; return the file that says so."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["check", "--params", file_of(pipeline)])
    check.main()
    beside = Path(file_of(pipeline)).with_name("params.ok")
    return Path("data/params.ok") if pipeline == "laptop" else beside


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_the_file_written_says_always_the_same(
    pipeline: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / file_of(pipeline)).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file_of(pipeline)).write_bytes((ROOT / file_of(pipeline)).read_bytes())
    text = written(tmp_path, pipeline, monkeypatch).read_text()
    assert text == "Every parameter is of the expected type and range.\n"


def test_a_wrong_parameter_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["evaluate"]["sizes"] = [500, 250]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(SystemExit, match=r"evaluate\.sizes: expected sizes in ascending order"):
        written(tmp_path, "laptop", monkeypatch)
    assert not (tmp_path / "data").exists()
