"""How far apart the two rules end under a reading of the experiment, beside how far in the curves.

The level of a line depends on its starts, which the authors seem to have drawn anew for every line.
Ours are the same under both rules, so that run by run the ratio of the rules depends little on
them, and its interval is far narrower than that of a line.
"""

import math
from typing import Any

import numpy as np
import pandas as pd

from stages.common import params
from stages.published.experiments import lanes_of, readings
from stages.sweeps.aggregate import student_interval

_ERRORS = {"trained": "absolute_error", "second": "new_absolute_error"}


def between_rules(
    settings: params.Paper, rows: pd.DataFrame, curves: pd.DataFrame
) -> dict[str, dict[str, dict[str, dict[str, Any]]]]:
    """Return modified over ordinary, ours over theirs, at the last epoch of every reading.

    Args:
        settings: of the pipeline.
        rows: of `idem.sweeps.sweep.train_lanes`, with the columns `experiments.LANES`.
        curves: of `stages.published.curves.read_errors`.

    Returns:
        By reading, network and label that both rules have, ``runs``, ``ratio`` (a geometric mean
        over runs) with ``low`` and ``high``, its 95 % interval by Student's t on logarithms; not
        numbers where a run diverged, and no interval of one run.
    """
    found: dict[str, Any] = {}
    for reading in readings(settings.readings):
        error = _ERRORS[reading.measured]
        for network, lines in settings.readings.networks.items():
            lanes = lanes_of(settings, reading, network, rows)
            last = lanes[lanes.step == lines.steps]
            ours = last.pivot_table(error, "run", ["label", "rule"], dropna=False)
            theirs = curves[(curves.network == network) & (curves.epoch == lines.steps)]
            both = sorted(set.intersection(*map(set, lines.learning_rates.values())))
            found.setdefault(reading.name, {})[network] = {
                f"{label:g}": _ratio(ours, theirs[theirs.learning_rate == label], label)
                for label in both
            }
    return found


def _ratio(errors: pd.DataFrame, theirs: pd.DataFrame, label: float) -> dict[str, Any]:
    modified, ordinary = (
        errors.get((label, rule), pd.Series(math.nan, errors.index))
        for rule in ("modified", "ordinary")
    )
    printed = theirs.set_index("rule").error
    logs = np.log(modified / ordinary).to_numpy()
    logs = logs - math.log(printed["modified"] / printed["ordinary"])
    ends = np.exp([logs.mean() if len(logs) else math.nan, *student_interval(logs)])
    return {"runs": len(errors)} | dict(
        zip(("ratio", "low", "high"), map(float, ends), strict=True)
    )
