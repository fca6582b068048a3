"""T3b and T4b: T3 and T4 as the authors' own curves say that they ran it (`data/published`).

One fixed batch a run, errors on the batch that is trained on, and rates by their labels, at which
the modified rule takes steps n/2 times longer. T3 and T4 are judged as the text says: on fresh
batches, at equal steps. Lanes are those of `lanes_of`, by network.
"""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from stages.claims.intervals import LOWER
from stages.claims.sweeps import sweeps
from stages.claims.sweeps.comparison import (
    at_rates,
    at_rates_of_the_others,
    best_safe_rates,
    compared,
    nature,
)
from stages.claims.verdict import (
    NOT,
    ONE_RUN,
    OPEN,
    REPRODUCED,
    Verdict,
    counted,
    told,
    with_nature,
)
from stages.common import params
from stages.sweeps.aggregate import last_rows


def lanes_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return the lanes on one batch of a table of `stages.published.replay`, by label.

    Returns:
        As `stages.sweeps.aggregate.last_rows`, with the label as the rate.
    """
    fixed = table[table.data == "fixed"]
    return last_rows(fixed.assign(learning_rate=fixed.label))


def lower_error(lanes: Mapping[str, pd.DataFrame], section: params.Claims) -> Verdict:
    """Judge T3b, and tell what is left of it on inputs that nothing was trained on."""
    found = sweeps.lower_error(lanes, section)
    new = {network: _on_new_inputs(of_network, section) for network, of_network in lanes.items()}
    return replace(found, id="T3b", measured=told("T3b", trained=found.measured, new=new))


def lower_rates(network: str, lanes: pd.DataFrame, section: params.Claims) -> Verdict:
    """Judge T4b: at a rate below ordinary's best, is the modified rule's error below its best?"""
    best = best_safe_rates(lanes)["ordinary"]
    labels = sorted(set(lanes[lanes.rule == "modified"].learning_rate))
    found = {
        label: compared(at_rates(lanes, {"modified": label, "ordinary": best}), section)
        for label in labels
        if label < best
    }
    words = [word for word, _ in found.values()]
    verdict = REPRODUCED if LOWER in words else OPEN if OPEN in words or not words else NOT
    count = f"lower at {words.count(LOWER)} of {counted(len(words), 'rate')} below ordinary's best"
    count = ONE_RUN if lanes.run.nunique() == 1 else count
    wordings, rests = with_nature(verdict, nature(lanes, section)), sweeps.of_sweep(lanes, section)
    text = told("T4b", steps=sweeps.steps_of(lanes), best=best, count=count, found=found)
    return Verdict.of("T4b", wordings, rests, count, text, [network])


def _on_new_inputs(lanes: pd.DataFrame, section: params.Claims) -> str:
    pairs = at_rates_of_the_others(lanes)
    return compared(pairs.assign(absolute_error=pairs.new_absolute_error), section)[1]
