"""Where the numbers of a stage are from: the commit that brought them, and what computed them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from stages.common import units
from stages.common.units import Altered
from stages.compare.revision import Unanswerable, git
from stages.report.page import pipelines
from stages.report.tables.units import machine

NO_COMMIT = "not committed"
NO_DEVICE = "a CPU"  # of which kind is not recorded
OPEN = "not complete"


@dataclass(frozen=True)
class Origin:
    """Of one stage of a pipeline.

    Attributes:
        stage: its name.
        anchor: of its row in the table of stages; empty where it is not complete.
        commit: hash and date of the latest that changed a file it writes.
        device: what computed it.
    """

    stage: str
    anchor: str
    commit: str
    device: str


class Origins:
    """The history of the files in `metrics`, and the machines of the finished units beside them."""

    def of(self, pipeline: str, stage: str) -> Origin:
        """Return where the numbers of a stage are from."""
        run = pipelines.run(pipeline, stage)
        label = stage.replace("@", "_")
        names = [path for path in self._units(pipeline) if path.name.startswith(f"{label}_")]
        device = ", ".join(sorted({_machine(path) for path in names})) or NO_DEVICE
        if run is None:
            paths = [path.as_posix() for path in names]
            return Origin(stage, "", self._latest(paths) if paths else OPEN, device)
        return Origin(stage, anchor(pipeline, run.name), self._latest(run.outs), device)

    def _latest(self, paths: Iterable[str]) -> str:
        """Return the latest commit among those of some files."""
        there = [path for path in paths if path.startswith("metrics/") and Path(path).exists()]
        if any(path in self._changed for path in there):
            return NO_COMMIT
        found = [self._commits[path] for path in there if path in self._commits]
        return min(found)[1] if found else NO_COMMIT

    @cached_property
    def _commits(self) -> Mapping[str, tuple[int, str]]:
        """By file, how many commits ago it changed last, and which one that was."""
        found: dict[str, tuple[int, str]] = {}
        try:
            log = git("log", "--format=%x00%h, %cs", "--name-only", "--no-renames", "--", "metrics")
        except Unanswerable:  # a download without its history
            return found
        for age, entry in enumerate(log.split("\0")[1:]):
            commit, _, files = entry.partition("\n")
            for file in files.split():
                found.setdefault(file, (age, commit))
        return found

    @cached_property
    def _changed(self) -> frozenset[str]:
        """The files that differ from those committed."""
        try:
            return frozenset(git("diff", "--name-only", "HEAD", "--", "metrics").splitlines())
        except Unanswerable:
            return frozenset()

    def _units(self, pipeline: str) -> list[Path]:
        return sorted(Path("metrics", pipeline, "units").glob(f"*{units.SUFFIX}"))


@cache
def _machine(path: Path) -> str:
    """Return what a unit was computed on; its file has its digest in its name."""
    try:
        return machine(units.read(path).provenance)[0]
    except Altered as error:
        return f"altered: {error}"


def anchor(pipeline: str, stage: str) -> str:
    """Return the name of a stage's place in the report."""
    return f"stage-{pipeline}-{stage.replace('@', '-')}"
