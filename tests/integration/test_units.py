"""The paper's pipeline in a fresh clone: what is committed of B1 is taken, the rest computed."""

import gzip
import json
import re
from pathlib import Path

import pytest

from stages.common import units
from stages.report.scratch import GIT, run
from tests import ROOT

pytestmark = pytest.mark.integration

KEPT = "metrics/paper/units"
NEEDED = {"sweep_B1": 20, "published_B1": 40}  # units, at 10 runs
RENEW = "code or parameters have changed: run `make paper NETWORKS=B1`, commit metrics/paper/units"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clone HEAD, and make the tables without a moment to train."""
    folder = tmp_path_factory.mktemp("clone")
    run([*GIT, "clone", "--quiet", str(ROOT), str(folder)], ROOT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IDEM_MINUTES", "1e-4")  # a unit that is missing ends it
        try:
            _, taken = repro(folder, *NEEDED)
        except SystemExit as stopped:
            pytest.fail(f"{RENEW}\n{stopped}")
    assert taken == NEEDED
    return folder


def repro(clone: Path, *labels: str) -> tuple[str, dict[str, int]]:
    """Run stages in DVC, outdated or not; return what they say, and how many units they took."""
    names = [f"stages/pipelines/paper/dvc.yaml:{label.replace('_', '@')}" for label in labels]
    said = run(["dvc", "repro", "--force", "--single-item", *names], clone)
    taken = re.findall(rf"(\w+): (\d+) of \d+ units are in {KEPT}", said)
    return said, {label: int(number) for label, number in taken}


def changed(clone: Path) -> set[str]:
    """Return what git sees changed of the results."""
    lines = run([*GIT, "status", "--porcelain", "metrics"], clone).splitlines()
    return {line[3:] for line in lines}


def cheapest(clone: Path, label: str) -> list[Path]:
    """Return the units of a stage, the quickest first."""
    found = list((clone / KEPT).glob(f"{label}_*"))
    assert len(found) == NEEDED[label], "remove the units of old code"
    return sorted(found, key=lambda path: units.read(path).provenance.seconds)


def test_committed_units_make_the_committed_tables_without_training(clone: Path):
    assert changed(clone) == set() and not (clone / ".ckpt").exists()


def test_a_unit_that_is_lost_and_one_that_was_altered_are_computed_again(clone: Path):
    lost, altered, *_ = cheapest(clone, "published_B1")
    from_here = units.read(lost).provenance.cpu == units.processor()
    lost.unlink()
    content = json.loads(gzip.decompress(altered.read_bytes()))
    content["seconds"] += 1
    altered.write_bytes(gzip.compress(json.dumps(content).encode()))
    said, taken = repro(clone, "published_B1")
    assert taken == {"published_B1": NEEDED["published_B1"] - 2}
    expected = f"expected a finished unit of schema {units.SCHEMA} as it was written"
    assert f"{KEPT}/{altered.name}: {expected}" in said
    assert said.count("it is computed anew") == 1
    anew = {f"{KEPT}/{path.name}" for path in (lost, altered)}
    assert {name for name in changed(clone) if name.startswith(KEPT)} == anew
    if from_here:  # on another kind of CPU the tables differ in what these two give
        assert changed(clone) == anew
