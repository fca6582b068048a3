"""Read the files that a summary is made of; say which stage to run where one is not right."""

import json
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd

from stages.common.so_far import else_so_far


class WrongFile(Exception):
    """A file that is not there, not whole, or of other code than today's."""


@dataclass(frozen=True)
class Source:
    """A file that a stage writes, or what of it there is so far.

    Args:
        name: of the file, JSON or CSV, in the folder of the pipeline's metrics.
        stage: that writes it.
    """

    name: str
    stage: str

    def read(self, folder: Path) -> Any:
        """Return what the file holds: a table if it is CSV.

        Raises:
            WrongFile: if there is no such file, or not a whole one.
        """
        path = self.path(folder)
        try:
            text = path.read_text(encoding="utf-8")
            return json.loads(text) if path.suffix == ".json" else _table(text)
        except FileNotFoundError as error:
            raise self.wrong(folder, "got no file") from error
        except (ValueError, OSError) as error:
            reason = " ".join(str(error).split())
            raise self.wrong(folder, f"got one that is not whole ({reason})") from error

    def path(self, folder: Path) -> Path:
        """Return the file to read."""
        return else_so_far(folder / self.name)

    def wrong(self, folder: Path, got: str) -> WrongFile:
        """Return the error that says what was got in the place of this file."""
        return WrongFile(
            f"{self.path(folder)}: expected the file that stage {self.stage} writes, {got}; run "
            f"that stage"
        )


def _table(text: str) -> pd.DataFrame:
    if not text.endswith("\n"):
        raise ValueError("its last line does not end")
    return pd.read_csv(StringIO(text))
