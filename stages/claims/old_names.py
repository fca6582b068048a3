"""Names that the tables of the study and of CelebA still have from before names last changed.

Their committed tables are not rewritten. This module goes in the change that brings the tables of
a new run of both pipelines.
"""

import re

import pandas as pd

FILES = {  # today's name of a table, and that of the committed one
    "baselines_validation": "references_watched",
    "validation": "watched",
    "baselines": "references",
}
COLUMNS = {r"^averaged_": "ema_"}
WEIGHTS = {"averaged": "ema", "chosen": "best"}  # values of the column weights


def old_file(name: str) -> str:
    """Return the path of the committed table that is called `name` today."""
    folder, _, file = name.rpartition("/")
    for new, old in FILES.items():
        file = re.sub(rf"^{new}_(?=[a-z]+\.)", f"{old}_", file)
    return f"{folder}/{file}"


def renamed(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the names of today; one that has them already stays as it is."""
    table = table.copy()
    for old, new in COLUMNS.items():
        table.columns = table.columns.str.replace(old, new, regex=True)
    return table.replace({"weights": WEIGHTS}) if "weights" in table else table
