"""Read what the authors printed: error by epoch at fifteen learning rates, for both rules."""

import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from stages.sweeps.printed import PARAMETER_COUNTS

FOLDER = Path("data/published")
COLUMNS = ("network", "rule", "learning_rate", "epoch", "error", "uncertainty")
RULES = ("modified", "ordinary")  # as `idem.rule.loss`, which would load PyTorch


def read_errors(path: Path = FOLDER / "errors.csv") -> pd.DataFrame:
    """Read the published errors, in the columns `COLUMNS`.

    ``learning_rate`` is the label of the figure, ``error`` the mean of |f(f(x)) − f(x)| over
    inputs, outputs and ten runs, ``uncertainty`` its relative standard deviation, a fraction.

    Returns:
        A row a line and epoch at which the line can be seen: where others cover it there is none.

    Raises:
        SystemExit: naming the line of the file and what is wrong with it.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        sys.exit(f"{path}: expected a CSV file, got {error}; restore it: git checkout {path}")
    if tuple(table.columns) != COLUMNS:
        sys.exit(f"{path}: expected the columns {', '.join(COLUMNS)}, got {', '.join(table)}")
    for column, (expected, holds) in _EXPECTED.items():
        wrong = table[~holds(table)]
        if len(wrong):
            where, got = wrong.index[0] + 2, wrong[column].iloc[0]
            sys.exit(f"{path}, line {where}: {column}: expected {expected}, got {got}")
    return table.dropna(subset="error").reset_index(drop=True)


def _number(table: pd.DataFrame, column: str) -> pd.Series:
    return pd.to_numeric(table[column], errors="coerce")


_EXPECTED: dict[str, tuple[str, Callable[[pd.DataFrame], pd.Series]]] = {
    "network": (
        f"one of {', '.join(PARAMETER_COUNTS)}",
        lambda table: table.network.isin(PARAMETER_COUNTS),
    ),
    "rule": (f"one of {', '.join(RULES)}", lambda table: table.rule.isin(RULES)),
    "learning_rate": ("a positive rate", lambda table: _number(table, "learning_rate") > 0),
    "epoch": ("0 or more", lambda table: _number(table, "epoch") >= 0),
    "error": (
        "a positive number, or nothing where the line is covered",
        lambda table: (_number(table, "error") > 0) | table.error.isna(),
    ),
    "uncertainty": (
        "a positive fraction beside every error, and none without",
        lambda table: (
            (_number(table, "uncertainty") > 0) & table.error.notna()
            | (table.uncertainty.isna() & table.error.isna())
        ),
    ),
}
