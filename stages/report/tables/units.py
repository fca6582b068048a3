"""Where the numbers of a pipeline are from: its finished units, by the machine that made them."""

from itertools import groupby
from pathlib import Path

from stages.common import units
from stages.common.units import Provenance
from stages.text import markdown

HEAD = ["computed on", "PyTorch", "units", "hours", "from", "to"]


def units_table(pipeline: str) -> str:
    """Return a Markdown table of a pipeline's finished units, a row a machine.

    Units that were adopted from elsewhere and those computed here are counted alike: each says
    itself on what and when it was computed.

    Raises:
        Altered: for a unit that is not as it was written.
    """
    folder = Path("metrics", pipeline, "units")
    found = [units.read(path).provenance for path in sorted(folder.glob(f"*{units.SUFFIX}"))]
    if not found:
        return "No finished unit is kept yet.\n"
    machines = groupby(sorted(found, key=machine), key=machine)
    return markdown.table(HEAD, (_row(*key, list(of)) for key, of in machines)) + "\n"


def machine(unit: Provenance) -> tuple[str, str]:
    """Return what a unit was computed on, and by which PyTorch."""
    return unit.cpu if unit.device == "cpu" else unit.device, unit.versions["torch"]


def _row(machine: str, torch: str, of_machine: list[Provenance]) -> list[str]:
    hours = sum(unit.seconds for unit in of_machine) / 3600
    days = sorted(unit.date.partition("T")[0] for unit in of_machine)
    return [machine, torch, str(len(of_machine)), f"{hours:.2f}", days[0], days[-1]]
