"""Between which two rates a training stops being stable."""

import math

import numpy as np
import pandas as pd

from stages.sweeps.aggregate import last_rows

Bracket = tuple[float, float]


def bracket(tables: list[pd.DataFrame]) -> Bracket:
    """Return the highest stable rate below the lowest unstable one, and that one.

    A rate is stable if at least half of its runs end, not diverged, below their initial error.

    Args:
        tables: logged rows of one rule, each as `train_lanes` returns them; at a rate that several
            hold, all have to agree that it is stable.

    Returns:
        Two rates; 0 or infinity where no rate tried is on that side.
    """
    shares = [last_rows(table).groupby("learning_rate").improved.mean() for table in tables]
    stable = pd.concat(shares).ge(0.5).groupby(level=0).all()
    return between(stable.index, stable.to_numpy())


def between(rates: pd.Index, stable: np.ndarray) -> Bracket:
    """Return as `bracket`, from rates and which of them are stable."""
    high = min(rates[~stable], default=math.inf)
    return float(max(rates[rates < high], default=0.0)), float(high)
