"""Judge claims at the paper's scale, network by network, as far as its sweeps have got.

No stage of a pipeline, as its inputs may be missing: sweeps of hours and days are cut and go on
later. `make paper` ends with it. A network is judged from its whole sweep, else from those runs so
far that are complete under both rules, else not; by the rules of the laptop scale, of which there
is one set.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from stages.claims.pipelines import of_batch_sizes, read, table_so_far
from stages.claims.printed import CLAIMS
from stages.claims.sweeps import as_run, batch_sizes, edges, near, newdata, published, sweeps
from stages.claims.sweeps.comparison import RULES
from stages.claims.verdict import HEAD, NOT_RUN, Verdict
from stages.common import params
from stages.common.files import write_json, write_text
from stages.common.so_far import else_so_far
from stages.sweeps.aggregate import as_written, last_rows
from stages.sweeps.printed import EDGES
from stages.text import markdown

ALL = "all"  # networks of a claim, or its cases with as many runs as a verdict takes, together
NETWORKS = {
    "T3": ("B1", "B2", "B3", "B4"),
    "T3b": ("B1", "B2", "B3", "B4"),
    "T4": ("B2", "B3"),
    "T4b": ("B2", "B3"),
    "T5": tuple(EDGES),
    "T5b": tuple(EDGES),
    "T6": ("B1",),
    "T7": ("B1", "B2"),
    "P1": (ALL, "B2", "B3"),
    "P3": (ALL, "B2", "B3"),
    "P4": (ALL, "B1", "B2", "n512"),  # the last has B3's ratio of n to the batch
    "N": (ALL, "n5", "n20", "n100", "n400", "n1000"),  # widths, of which there are several cases
}
_NO_LANES = pd.DataFrame({"run": []})


@dataclass(frozen=True)
class Entry:
    """One row of the table: a claim on one network."""

    id: str
    network: str
    runs: int
    verdict: str = NOT_RUN
    measured: str = ""
    brief: str = ""
    ours: str = ""
    lacking: Mapping[str, int] = field(default_factory=dict)


def write(folder: Path, settings: params.Paper, section: params.Claims) -> None:
    """Write the table as JSON and in Markdown."""
    found = judge(folder, settings, section)
    write_json(folder / "claims.json", by_claim(found))
    write_text(folder / "claims.md", HEAD + table(found))


def judge(folder: Path, settings: params.Paper, section: params.Claims) -> list[Entry]:
    """Return every claim on every network it is about, run or not."""
    swept = settings.sweep
    lanes = {name: complete_runs(folder, name, swept.networks[name]) for name in NETWORKS["T3"]}
    runs = {name: of_network.run.nunique() for name, of_network in lanes.items()}
    variants = read(folder, "variants")["T7"] if (folder / "variants.json").exists() else {}
    sizes = of_batch_sizes(folder, settings.variants) if variants else pd.DataFrame()
    runs_of_variants = {
        name: min(measured["runs"] for measured in rules.values())
        for name, rules in variants.items()
    }
    lines = settings.published.networks
    replayed = {
        name: _replayed(folder, name, lines[name].learning_rates, lines[name].steps)
        for name in NETWORKS["T3b"]
    }
    replays = {name: of_network.run.nunique() for name, of_network in replayed.items()}
    edged = {
        name: _replayed(folder, name, _from_edge(lines[name], edge), lines[name].steps)
        for name, edge in EDGES.items()
    }
    beside = {name: _found(folder, f"published_{name}") for name in NETWORKS["P3"] if name != ALL}
    curves = {name: of or _as_read(folder, name, settings) for name, of in beside.items()}
    fresh = _cases(folder, "newdata", NETWORKS["P4"])
    if len(fresh) == len(NETWORKS["P4"]) - 1:
        fresh[ALL] = {name: case for cases in fresh.values() for name, case in cases.items()}
    starts = _cases(folder, "near", NETWORKS["N"])
    every = {name: case for cases in starts.values() for name, case in cases.items()}
    enough = {n: of for n, of in every.items() if near.runs({n: of}) >= section.least_runs}
    starts |= {ALL: enough} if enough else {}
    judges: dict[str, tuple[Mapping[str, int], Callable[[str], Verdict]]] = {
        "T3": (runs, lambda n: sweeps.lower_error({n: lanes[n]}, section)),
        "T3b": (replays, lambda n: as_run.lower_error({n: replayed[n]}, section)),
        "T4": (
            runs,
            lambda n: sweeps.lower_rates(n, lanes[n], swept.networks[n].widths[-1], section),
        ),
        "T4b": (replays, lambda n: as_run.lower_rates(n, replayed[n], section)),
        "T5": (runs, lambda n: edges.from_sweep(n, lanes[n], section)),
        "T5b": (
            {name: of_network.run.nunique() for name, of_network in edged.items()},
            lambda n: as_run.edge_of_lanes(n, edged[n], section),
        ),
        "T6": (runs, lambda n: sweeps.near_zero(lanes[n], section)),
        "T7": (runs_of_variants, lambda n: batch_sizes.judge({n: variants[n]}, sizes, section)),
        "P1": (
            _runs_on_lines(curves),
            lambda n: published.curves(curves if n == ALL else {n: curves[n]}, section),
        ),
        "P3": (
            _runs_on_lines(beside),
            lambda n: published.new_inputs(beside if n == ALL else {n: beside[n]}, section),
        ),
        "P4": (
            {name: newdata.runs(cases) for name, cases in fresh.items()},
            lambda n: newdata.judge(fresh[n], section),
        ),
        "N": (
            {name: near.runs(cases) for name, cases in starts.items()},
            lambda n: near.judge(starts[n], section),
        ),
    }
    return [
        _entry(claim, network, count.get(network, 0), verdict_on)
        for claim, (count, verdict_on) in judges.items()
        for network in NETWORKS[claim]
    ]


def complete_runs(folder: Path, name: str, network: params.Network) -> pd.DataFrame:
    """Return `complete_lanes` of a network's sweep; no rows where nothing is complete."""
    rows = table_so_far(folder, f"sweep_{name}")
    rates = dict.fromkeys(RULES, network.learning_rates)
    return _NO_LANES if rows is None else complete_lanes(last_rows(rows), rates, network.steps)


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
    asked = {(rule, rate) for rule in rates for rate in as_written(pd.Series(rates[rule]))}
    places = zip(lanes.rule, as_written(lanes.learning_rate), strict=True)
    lanes = lanes[[place in asked for place in places]]
    ended = lanes[lanes.diverged | (lanes.step == steps)]
    units = {
        (rule, run)
        for (rule, run), of_unit in ended.groupby(["rule", "run"])
        if set(as_written(of_unit.learning_rate)) == set(as_written(rates[rule]))
    }
    runs = [run for run in lanes.run.unique() if {(rule, run) for rule in rates} <= units]
    return lanes[lanes.run.isin(runs)].reset_index(drop=True)


def by_claim(entries: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """Return the verdict, what it rests on, and it in short, by claim and network."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        numbers: dict[str, Any] = {"verdict": entry.verdict, "runs": entry.runs}
        numbers |= {"brief": entry.brief} if entry.brief else {}
        numbers |= {"ours": entry.ours} if entry.ours else {}
        numbers |= {"lacking": dict(entry.lacking)} if entry.lacking else {}
        found.setdefault(entry.id, {})[entry.network] = numbers
    return found


def table(entries: Sequence[Entry]) -> str:
    """Return a Markdown table."""
    rows = [
        [e.id, CLAIMS[e.id].text, e.network, f"{e.runs}", f"**{e.verdict}**", e.measured]
        for e in entries
    ]
    head = ["", "the paper", "network", "runs", "here", "measured"]
    return markdown.table(head, rows) + "\n"


def _cases(folder: Path, name: str, networks: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what a study measured, by the network that the names of its cases begin with."""
    found = _found(folder, name)
    by_network = {
        network: {case: of for case, of in found.items() if case.partition("_")[0] == network}
        for network in networks
    }
    return {network: cases for network, cases in by_network.items() if cases}


def _replayed(
    folder: Path, name: str, rates: Mapping[str, Sequence[float]], steps: int
) -> pd.DataFrame:
    """Return the complete lanes of a network as the authors ran it; no rows where there is none."""
    rows = table_so_far(folder, f"published_{name}")
    return _NO_LANES if rows is None else complete_lanes(as_run.lanes_of(rows), rates, steps)


def _from_edge(lines: params.Lines, edge: float) -> dict[str, list[float]]:
    """Return the modified rule's rates from an edge on, which tell where it lies."""
    return {"modified": [rate for rate in lines.learning_rates["modified"] if rate >= edge]}


def _as_read(folder: Path, name: str, settings: params.Paper) -> dict[str, Any]:
    """Return how far off a network's lines are, as stage published says it, by the base reading."""
    table, lines = table_so_far(folder, "readings"), settings.readings.networks[name]
    if table is None:
        return {}
    base = table[(table.changed == "base") & (table.network == name) & table.rule.isin(RULES)]
    rows = base.set_index("rule").to_dict("index")
    asked = {"runs": lines.runs_of(base=True), "epochs": lines.steps}
    return {"fixed": {"rules": {rule: rows[rule] | asked for rule in RULES}}}


def _runs_on_lines(found: Mapping[str, dict[str, Any]]) -> dict[str, int]:
    """Return the runs by network, and of all together, if none lacks, those of the least."""
    runs = {name: published.runs(of) for name, of in found.items() if of}
    return runs | ({ALL: min(runs.values())} if len(runs) == len(found) else {})


def _entry(claim: str, network: str, runs: int, verdict_on: Callable[[str], Verdict]) -> Entry:
    if not runs:
        return Entry(claim, network, runs)
    found = verdict_on(network)
    of = Entry(claim, network, runs, ours=found.ours, lacking=found.lacking)
    if network == ALL:
        verdict = found.brief or found.verdict
        return replace(of, verdict=verdict, measured="told below, by network")
    return replace(of, verdict=found.verdict, measured=found.measured, brief=found.brief)


def _found(folder: Path, name: str) -> dict[str, Any]:
    """Return what a stage measured, else what of it there is so far, else nothing."""
    path = else_so_far(folder / f"{name}.json")
    return read(folder, path.stem) if path.exists() else {}
