"""T3b and T4b: T3 and T4 as the authors' own curves say that they ran it (`data/published`).

One fixed batch a run, errors on the batch that is trained on, and rates by their labels, at which
the modified rule takes steps n/2 times longer. T3 and T4 are judged as the text says: on fresh
batches, at equal steps. Lanes are those of `lanes_of`, by network.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

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


def lanes_of(table: pd.DataFrame, data: str = "fixed") -> pd.DataFrame:
    """Return the lanes on one batch of a table of `stages.published.replay`, by label.

    Args:
        table: of a network.
        data: ``"fresh"`` for the lanes on fresh batches.

    Returns:
        As `stages.sweeps.aggregate.last_rows`, with the label as the rate.
    """
    lanes = table[table.data == data]
    return last_rows(lanes.assign(learning_rate=lanes.label))


def lower_error(
    lanes: Mapping[str, pd.DataFrame],
    section: params.Claims,
    fresh: Mapping[str, pd.DataFrame] | None = None,
) -> Verdict:
    """Judge T3b, and tell what is left of it on inputs that nothing was trained on.

    Args:
        lanes: on one batch, by network.
        section: the thresholds.
        fresh: lanes on fresh batches, by network, whose error is told at the same rates.
    """
    found = sweeps.lower_error(lanes, section)
    new = {network: _on_new_inputs(of_network, section) for network, of_network in lanes.items()}
    on_fresh = {
        network: pairs
        for network, of in (fresh or {}).items()
        if network in lanes and (pairs := _on_fresh_batches(of, lanes[network], section))
    }
    text = told("T3b", trained=found.measured, new=new, fresh=on_fresh)
    return replace(found, id="T3b", measured=text)


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


def _on_fresh_batches(
    fresh: pd.DataFrame, fixed: pd.DataFrame, section: params.Claims
) -> dict[str, Any] | None:
    """Compare the rules on fresh batches at the rates that are best on one batch.

    Returns:
        ``rates`` by rule, ``runs`` (if several) and ``ratio`` in words; None unless a run has both
        lanes.
    """
    rates = best_safe_rates(fixed)
    pairs = at_rates(fresh, rates)
    both = pairs.groupby("run").rule.nunique() == len(rates)
    pairs = pairs[pairs.run.isin(both.index[both])]
    if pairs.empty:
        return None
    runs = pairs.run.nunique()
    of_runs = f"{counted(runs, 'run')}, " if runs > 1 else ""  # the ratio says so of one
    return {"rates": rates, "runs": of_runs, "ratio": compared(pairs, section)[1]}


def _on_new_inputs(lanes: pd.DataFrame, section: params.Claims) -> str:
    pairs = at_rates_of_the_others(lanes)
    return compared(pairs.assign(absolute_error=pairs.new_absolute_error), section)[1]
