"""Read what the authors printed: errors by epoch, gradients along training, and two routes."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from stages.sweeps.printed import PARAMETER_COUNTS

FOLDER = Path("data/published")
COLUMNS = ("network", "rule", "learning_rate", "epoch", "error", "uncertainty")
QUANTITIES = (  # of the figure of the gradients
    "norm_modified",
    "norm_ordinary",
    "cosine_along_modified",
    "cosine_along_ordinary",
    "cosine_separate",
)
LABELS = (  # the learning rates of the figure of the errors
    *(9.54e-7, 8.51e-6, 7.6e-5, 6.78e-4, 6.05e-3),
    *(0.07, 0.22, 0.37, 0.52, 0.67, 0.82, 0.97, 1.12, 1.27, 1.42),
)
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
    table = _read(path, COLUMNS, _ERRORS)
    return table.dropna(subset="error").reset_index(drop=True)


def read_gradients(path: Path = FOLDER / "gradients.csv") -> pd.DataFrame:
    """Read the published gradients: columns ``quantity``, of `QUANTITIES`, ``epoch``, ``value``.

    ``norm_RULE`` is the norm of a rule's gradient along its own route, ``cosine_along_RULE`` the
    cosine between both rules' gradients at one point of that rule's route, ``cosine_separate`` that
    between each rule's gradient along its own route.

    Raises:
        SystemExit: naming the line of the file and what is wrong with it.
    """
    return _read(path, ("quantity", "epoch", "value"), _GRADIENTS)


def read_routes(path: Path = FOLDER / "trajectory.csv") -> pd.DataFrame:
    """Read the published routes: columns ``rule``, ``pc1`` and ``pc2``, in their order.

    Raises:
        SystemExit: naming the line of the file and what is wrong with it.
    """
    return _read(path, ("rule", "pc1", "pc2"), _ROUTES)


Expected = Mapping[str, tuple[str, Callable[[pd.DataFrame], pd.Series]]]


def _read(path: Path, columns: tuple[str, ...], expected_of: Expected) -> pd.DataFrame:
    """Read a published table, each of whose columns holds what is expected."""
    try:
        table = pd.read_csv(path)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        sys.exit(f"{path}: expected a CSV file, got {error}; restore it: git checkout {path}")
    if tuple(table.columns) != columns:
        sys.exit(f"{path}: expected the columns {', '.join(columns)}, got {', '.join(table)}")
    for column, (expected, holds) in expected_of.items():
        wrong = table[~holds(table)]
        if len(wrong):
            where, got = wrong.index[0] + 2, wrong[column].iloc[0]
            sys.exit(f"{path}, line {where}: {column}: expected {expected}, got {got}")
    return table


def _number(table: pd.DataFrame, column: str) -> pd.Series:
    return pd.to_numeric(table[column], errors="coerce")


def _in_range(table: pd.DataFrame) -> pd.Series:
    """Tell which values a quantity can have."""
    value, is_norm = _number(table, "value"), table.quantity.str.startswith("norm")
    return (is_norm & (value > 0)) | (~is_norm & (value.abs() <= 1))


_RULE = (f"one of {', '.join(RULES)}", lambda table: table.rule.isin(RULES))
_EPOCH = ("0 or more", lambda table: _number(table, "epoch") >= 0)
_GRADIENTS: Expected = {
    "quantity": (
        f"one of {', '.join(QUANTITIES)}",
        lambda table: table.quantity.isin(QUANTITIES),
    ),
    "epoch": _EPOCH,
    "value": ("a positive norm, or a cosine", _in_range),
}
_ROUTES: Expected = {
    "rule": _RULE,
    "pc1": ("a number", lambda table: _number(table, "pc1").notna()),
    "pc2": ("a number", lambda table: _number(table, "pc2").notna()),
}
_ERRORS: Expected = {
    "network": (
        f"one of {', '.join(PARAMETER_COUNTS)}",
        lambda table: table.network.isin(PARAMETER_COUNTS),
    ),
    "rule": _RULE,
    "learning_rate": (
        f"one of {', '.join(f'{rate:g}' for rate in LABELS)}",
        lambda table: _number(table, "learning_rate").isin(LABELS),
    ),
    "epoch": _EPOCH,
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
