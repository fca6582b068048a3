"""Numbers come from files; what is not there is named with the command that makes it."""

from pathlib import Path

import pytest

from stages.report.page.metrics import Absent, Metrics, Notice
from tests.stages.report.page.conftest import replace

NEAR = Path("metrics/laptop/near.json")


def test_a_number_is_that_of_its_file(copy: Path):
    replace(copy / NEAR, '{"n5": {"start": 0.25}}')
    metrics = Metrics()
    assert metrics.value("laptop/near", "n5.start") == 0.25
    assert metrics.faults == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "no such file"),
        ('{"n5": {"sta', "half-written or damaged"),
        ('{"n5": {}}', "expected n5.start, got no start"),
        ('{"n5": 3}', "expected n5.start, got no start"),
    ],
)
def test_what_is_not_there_becomes_a_notice(copy: Path, content: str | None, why: str):
    (copy / NEAR).unlink() if content is None else replace(copy / NEAR, content)
    metrics = Metrics()
    found = metrics.value("laptop/near", "n5.start")
    assert isinstance(found, Notice)
    assert found.startswith(f"**[{NEAR.as_posix()}: {why}")
    assert found.endswith("run `dvc repro near`]**")
    assert [str(found)] == [f"**[{fault}]**" for fault in metrics.faults]
    metrics.value("laptop/near", "n5.start")
    assert len(metrics.faults) == 1


def test_bytes_that_are_no_text_are_named(copy: Path):
    (copy / NEAR).unlink()
    (copy / NEAR).write_bytes(b"\xff\xfe\xff")
    with pytest.raises(Absent, match="near.json: half-written or damaged, .utf-8. codec"):
        Metrics().text(NEAR.as_posix())
