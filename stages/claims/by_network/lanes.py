"""Which lanes of a sweep that may have been cut a verdict can rest on."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd

from stages.claims.pipelines import table_so_far
from stages.claims.sweeps import as_run
from stages.claims.sweeps.comparison import RULES
from stages.common import params
from stages.sweeps.aggregate import as_written, last_rows

_NO_LANES = pd.DataFrame({"run": []})


def complete_runs(folder: Path, name: str, network: params.Network) -> pd.DataFrame:
    """Return `complete_lanes` of a network's sweep; no rows where nothing is complete."""
    rows = table_so_far(folder, f"sweep_{name}")
    rates = dict.fromkeys(RULES, network.learning_rates)
    return _NO_LANES if rows is None else complete_lanes(last_rows(rows), rates, network.steps)


def replayed(folder: Path, name: str, lines: params.Lines) -> pd.DataFrame:
    """Return the complete lanes of a network as the authors ran it; no rows where there is none."""
    rows, rates = table_so_far(folder, f"published_{name}"), lines.learning_rates
    return _NO_LANES if rows is None else complete_lanes(as_run.lanes_of(rows), rates, lines.steps)


def on_fresh_batches(folder: Path, name: str, lines: params.Lines) -> pd.DataFrame:
    """Return a network's lanes on fresh batches that ended at the authors' rates, of any runs."""
    rows = table_so_far(folder, f"published_{name}")
    if rows is None:
        return _NO_LANES
    return _ended(as_run.lanes_of(rows, "fresh"), lines.learning_rates, lines.steps)


def from_edge(
    folder: Path, name: str, lines: params.Lines, edge: float, data: str = "fixed"
) -> pd.DataFrame:
    """Return the modified rule's lanes that ended at the labels from an edge on.

    Args:
        folder: of the pipeline.
        name: of the network.
        lines: that it has, as the authors ran it.
        edge: a label.
        data: on which batches.

    Returns:
        No rows unless the edge and a label above it are asked for, and there is a run at each of
        these labels, which need not be the same.
    """
    rows = table_so_far(folder, f"published_{name}")
    rates = [rate for rate in lines.learning_rates["modified"] if rate >= edge]
    if rows is None or edge not in rates or len(rates) < 2:
        return _NO_LANES
    lanes = _ended(as_run.lanes_of(rows, data), {"modified": rates}, lines.steps)
    return lanes if lanes.learning_rate.nunique() == len(rates) else _NO_LANES


def complete_lanes(
    lanes: pd.DataFrame, rates: Mapping[str, Sequence[float]], steps: int
) -> pd.DataFrame:
    """Return the lanes of the runs that are complete under all rules asked for.

    Complete is a run all of whose rates made all steps or diverged. What is not is left out as a
    whole, under all rules, so that all are judged by the same runs.

    Args:
        lanes: one row each, as of `stages.sweeps.aggregate.last_rows`.
        rates: by rule asked for, of a whole run.
        steps: of a whole lane.
    """
    ended = _ended(lanes, rates, steps)
    units = {
        (rule, run)
        for (rule, run), of_unit in ended.groupby(["rule", "run"])
        if set(as_written(of_unit.learning_rate)) == set(as_written(rates[rule]))
    }
    runs = [run for run in ended.run.unique() if {(rule, run) for rule in rates} <= units]
    return ended[ended.run.isin(runs)].reset_index(drop=True)


def _ended(lanes: pd.DataFrame, rates: Mapping[str, Sequence[float]], steps: int) -> pd.DataFrame:
    """Return the lanes at these rates that made all steps or diverged."""
    asked = {(rule, rate) for rule in rates for rate in as_written(pd.Series(rates[rule]))}
    places = zip(lanes.rule, as_written(lanes.learning_rate), strict=True)
    lanes = lanes[pd.Series([place in asked for place in places], lanes.index, dtype=bool)]
    return lanes[lanes.diverged | (lanes.step == steps)]


def of_stand_ins(folder: Path, names: Collection[str]) -> dict[str, pd.DataFrame]:
    """Return the lanes of these networks, which stand in for some of published lines, by label."""
    lanes = table_so_far(folder, "stand_in_lanes")
    if lanes is None:
        return {}
    by_label = lanes[lanes.stand_in.isin(names)].assign(learning_rate=lanes.label)
    return {str(name): of_network for name, of_network in by_label.groupby("stand_in")}
