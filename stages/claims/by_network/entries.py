"""A verdict on every claim on every network that it is about, from the files that are there."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from stages.claims.by_network.lanes import complete_runs, from_edge, of_stand_ins, replayed
from stages.claims.by_network.places import ALL, NETWORKS, STAND_INS
from stages.claims.pipelines import of_batch_sizes, read, table_so_far
from stages.claims.sweeps import as_run, batch_sizes, edges, near, newdata, published, sweeps
from stages.claims.sweeps.comparison import RULES
from stages.claims.verdict import NOT_RUN, Verdict
from stages.common import params
from stages.common.so_far import else_so_far
from stages.sweeps.printed import EDGES

Found = TypeVar("Found")
Cases = dict[str, Any]
_LINES = [name for name in NETWORKS["P1"] if name not in (ALL, *STAND_INS)]


@dataclass(frozen=True)
class Entry:
    """One row of the table: a claim on one network."""

    network: str
    runs: int
    found: Verdict


def judge(folder: Path, settings: params.Paper, section: params.Claims) -> list[Entry]:
    """Return every claim on every network that it is about, run or not, in the order of `NETWORKS`.

    Args:
        folder: with the metrics of the pipeline, of which any may be missing.
        settings: of the pipeline.
        section: the thresholds.
    """
    parts = (_of_sweeps, _as_run, _edges, _batch_sizes, _of_lines, _new_inputs, _of_new, _of_near)
    found = [entry for part in parts for entry in part(folder, settings, section)]
    claims = list(NETWORKS)
    return sorted(found, key=lambda entry: claims.index(entry.found.id))


def _of_sweeps(folder: Path, settings: params.Paper, section: params.Claims) -> Iterator[Entry]:
    """Judge T3 to T6, on fresh batches as the text says."""
    networks = settings.sweep.networks
    lanes = {name: complete_runs(folder, name, of) for name, of in networks.items()}
    return _judged(
        {
            "T3": lambda n, of: sweeps.lower_error({n: of}, section),
            "T4": lambda n, of: sweeps.lower_rates(n, of, networks[n].widths[-1], section),
            "T5": lambda n, of: edges.from_sweep(n, of, section),
            "T6": lambda _, of: sweeps.near_zero(of, section),
        },
        lanes,
        _runs,
    )


def _as_run(folder: Path, settings: params.Paper, section: params.Claims) -> Iterator[Entry]:
    """Judge T3b and T4b, on one batch as the authors seem to have run them."""
    lanes = {
        name: replayed(folder, name, lines) for name, lines in settings.published.networks.items()
    }
    return _judged(
        {
            "T3b": lambda n, of: as_run.lower_error({n: of}, section),
            "T4b": lambda n, of: as_run.lower_rates(n, of, section),
        },
        lanes | of_stand_ins(folder),
        _runs,
    )


def _edges(folder: Path, settings: params.Paper, section: params.Claims) -> Iterator[Entry]:
    """Judge T5b, from the modified rule's lanes at the edge and above alone."""
    lines = settings.published.networks
    lanes = {name: from_edge(folder, name, lines[name], edge) for name, edge in EDGES.items()}
    return _judged(
        {"T5b": lambda _, of: as_run.edge_of_lanes(of, section)},
        _with_all({name: of for name, of in lanes.items() if len(of)}, EDGES),
        lambda of: min(map(_runs, of.values())),
    )


def _batch_sizes(folder: Path, settings: params.Paper, section: params.Claims) -> Iterator[Entry]:
    """Judge T7."""
    there = (folder / "variants.json").exists()
    found: Cases = read(folder, "variants")["T7"] if there else {}
    sizes = of_batch_sizes(folder, settings.variants) if there else pd.DataFrame()
    return _judged(
        {"T7": lambda n, of: batch_sizes.judge({n: of}, sizes, section)},
        found,
        lambda rules: min(measured["runs"] for measured in rules.values()),
    )


def _of_lines(folder: Path, settings: params.Paper, section: params.Claims) -> Iterator[Entry]:
    """Judge P1; before a network's lines are run, from the base of the readings.

    A network that stands in for another is judged by that one's threshold.
    """
    of_other = {
        name: section.published_median[of.network] for name, of in settings.stand_ins.items()
    }
    section = section.model_copy(update={"published_median": section.published_median | of_other})
    lines = {
        name: _found(folder, f"published_{name}") or _as_read(folder, name, settings)
        for name in _LINES
    }
    return _judged(
        {"P1": lambda _, of: published.curves(of, section)},
        _with_all({name: of for name, of in lines.items() if of}, _LINES) | _stand_ins(folder),
        _runs_of_lines,
    )


def _new_inputs(folder: Path, settings: params.Paper, section: params.Claims) -> Iterator[Entry]:
    """Judge P3."""
    lines = {name: _found(folder, f"published_{name}") for name in _LINES}
    return _judged(
        {"P3": lambda _, of: published.new_inputs(of, section)},
        _with_all({name: of for name, of in lines.items() if of}, _LINES) | _stand_ins(folder),
        _runs_of_lines,
    )


def _of_new(folder: Path, _: params.Paper, section: params.Claims) -> Iterator[Entry]:
    """Judge P4."""
    found = _cases(folder, "newdata", NETWORKS["P4"])
    if len(found) == len(NETWORKS["P4"]) - 1:
        every = {name: case for cases in found.values() for name, case in cases.items()}
        found[ALL] = {n: case for n, case in every.items() if case["steps"] >= section.least_steps}
    return _judged({"P4": lambda _, of: newdata.judge(of, section)}, found, newdata.runs)


def _of_near(folder: Path, _: params.Paper, section: params.Claims) -> Iterator[Entry]:
    """Judge N."""
    found = _cases(folder, "near", NETWORKS["N"])
    every = {name: case for cases in found.values() for name, case in cases.items()}
    enough = {n: of for n, of in every.items() if near.runs({n: of}) >= section.least_runs}
    found |= {ALL: enough} if enough else {}
    return _judged({"N": lambda _, of: near.judge(of, section)}, found, near.runs)


def _judged(
    judges: Mapping[str, Callable[[str, Found], Verdict]],
    found: Mapping[str, Found],
    runs: Callable[[Found], int],
) -> Iterator[Entry]:
    """Judge claims on each of their networks of which anything was found."""
    for claim, judge in judges.items():
        for network in NETWORKS[claim]:
            count = runs(found[network]) if network in found else 0
            verdict = judge(network, found[network]) if count else Verdict(claim, NOT_RUN, "", "")
            yield Entry(network, count, _together(verdict) if network == ALL else verdict)


def _together(verdict: Verdict) -> Verdict:
    """Return a verdict over all networks in short: what was measured stands below, by network."""
    words = verdict.brief or verdict.verdict
    told = "told below, by network" if verdict.measured else ""
    return replace(verdict, verdict=words, brief="", measured=told)


def _runs(lanes: pd.DataFrame) -> int:
    return lanes.run.nunique()


def _runs_of_lines(of: Mapping[str, Cases]) -> int:
    return published.runs(*of.values())


def _stand_ins(folder: Path) -> dict[str, dict[str, Cases]]:
    """Return what stage stand_in says of the lines of each of its networks, by its name again."""
    found = _found(folder, "stand_in")
    return {name: {name: {"fixed": of["fixed"]}} for name, of in found.items()}


def _with_all(found: Mapping[str, Found], networks: Collection[str]) -> dict[str, dict[str, Found]]:
    """Return what was found by network, of each alone, and of all together if none lacks."""
    each = {name: {name: of} for name, of in found.items()}
    return each | ({ALL: dict(found)} if found.keys() == set(networks) else {})


def _cases(folder: Path, name: str, networks: Sequence[str]) -> dict[str, Cases]:
    """Return what a study measured, by the network that the names of its cases begin with."""
    found = _found(folder, name)
    by_network = {
        network: {case: of for case, of in found.items() if case.partition("_")[0] == network}
        for network in networks
    }
    return {network: cases for network, cases in by_network.items() if cases}


def _as_read(folder: Path, name: str, settings: params.Paper) -> Cases:
    """Return how far off a network's lines are, as stage published says it, by the base reading."""
    table, lines = table_so_far(folder, "readings"), settings.readings.networks[name]
    if table is None:
        return {}
    base = table[(table.changed == "base") & (table.network == name) & table.rule.isin(RULES)]
    rows = base.set_index("rule").to_dict("index")
    asked = {"runs": lines.runs_of(base=True), "epochs": lines.steps}
    return {"fixed": {"rules": {rule: rows[rule] | asked for rule in RULES}}}


def _found(folder: Path, name: str) -> Cases:
    """Return what a stage measured, else what of it there is so far, else nothing."""
    path = else_so_far(folder / f"{name}.json")
    return read(folder, path.stem) if path.exists() else {}
