"""A verdict on every claim on every network that it is about, from the files that are there."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from stages.claims.by_network.lanes import (
    complete_runs,
    from_edge,
    of_stand_ins,
    on_fresh_batches,
    replayed,
)
from stages.claims.by_network.places import ALL, AT_LENGTH, NETWORKS, STAND_INS
from stages.claims.pipelines import of_batch_sizes, read, table_so_far
from stages.claims.sweeps import (
    as_run,
    batch_sizes,
    edges,
    edges_as_run,
    near,
    newdata,
    published,
    sweeps,
)
from stages.claims.sweeps.comparison import RULES
from stages.claims.verdict import NOT_RUN, Verdict
from stages.common import params
from stages.common.so_far import else_so_far
from stages.sweeps.printed import EDGES

Found = TypeVar("Found")
Content = dict[str, Any]  # of a JSON file, or of a part of it
_LINES = [name for name in NETWORKS["P1"] if name not in (ALL, *STAND_INS)]


@dataclass(frozen=True)
class Entry:
    """One row of the table: a claim on one network."""

    network: str
    runs: int
    verdict: Verdict


def judge(folder: Path, settings: params.Paper, section: params.Claims) -> list[Entry]:
    """Return every claim on every network that it is about, run or not, in the order of `NETWORKS`.

    Args:
        folder: with the metrics of the pipeline, of which any may be missing.
        settings: of the pipeline.
        section: the thresholds.
    """
    parts = (
        _on_fresh_batches,
        _on_one_batch,
        _edges_on_one_batch,
        _by_batch_size,
        _published_lines,
        _published_lines_on_new_inputs,
        _rules_on_new_inputs,
        _near_a_projection,
    )
    found = [entry for part in parts for entry in part(folder, settings, section)]
    claims = list(NETWORKS)
    return sorted(found, key=lambda entry: claims.index(entry.verdict.id))


def _on_fresh_batches(
    folder: Path, settings: params.Paper, section: params.Claims
) -> Iterator[Entry]:
    """Judge T3 to T6 from the sweeps, which are as the text says."""
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


def _on_one_batch(folder: Path, settings: params.Paper, section: params.Claims) -> Iterator[Entry]:
    """Judge T3b and T4b from the published lines as the authors seem to have run them."""
    lines = settings.published.networks
    lanes = {name: replayed(folder, name, of) for name, of in lines.items()}
    fresh = {name: on_fresh_batches(folder, name, of) for name, of in lines.items()}
    fresh = {name: of for name, of in fresh.items() if len(of)}
    return _judged(
        {
            "T3b": lambda n, of: as_run.lower_error({n: of}, section, fresh),
            "T4b": lambda n, of: as_run.lower_rates(n, of, section),
        },
        lanes | of_stand_ins(folder, settings.stand_ins),
        _runs,
    )


def _edges_on_one_batch(
    folder: Path, settings: params.Paper, section: params.Claims
) -> Iterator[Entry]:
    """Judge T5b from the modified rule's lanes at the printed rate and above alone."""
    lines = settings.published.networks
    fixed, fresh = (
        {name: from_edge(folder, name, lines[name], edge, data) for name, edge in EDGES.items()}
        for data in ("fixed", "fresh")
    )
    fresh = {name: of for name, of in fresh.items() if len(of)}
    return _judged(
        {"T5b": lambda _, of: edges_as_run.from_lanes(of, section, fresh)},
        _with_all(fixed, EDGES),
        lambda of: min(edges_as_run.runs(n, edges_as_run.improving(at)) for n, at in of.items()),
    )


def _by_batch_size(folder: Path, settings: params.Paper, section: params.Claims) -> Iterator[Entry]:
    """Judge T7 from variants.json."""
    there = (folder / "variants.json").exists()
    found: Content = read(folder, "variants")["T7"] if there else {}
    sizes = of_batch_sizes(folder, settings.variants) if there else pd.DataFrame()
    return _judged(
        {"T7": lambda n, of: batch_sizes.judge({n: of}, sizes, section)},
        found,
        lambda rules: min(measured["runs"] for measured in rules.values()),
    )


def _published_lines(
    folder: Path, settings: params.Paper, section: params.Claims
) -> Iterator[Entry]:
    """Judge P1; before a network's lines are run, from the base of the readings.

    A network that stands in for another is judged by that one's threshold, if it has one.
    """
    medians, stand_ins = section.published_median, settings.stand_ins
    others = {name: of.network for name, of in stand_ins.items() if of.network in medians}
    medians = medians | {name: medians[network] for name, network in others.items()}
    section = section.model_copy(update={"published_median": medians})
    fitted = {name for name, of in stand_ins.items() if of.fitted}
    lines = {n: _found(folder, f"published_{n}") or _as_read(folder, n, settings) for n in _LINES}
    return _judged(
        {"P1": lambda n, of: published.curves(of, section, fitted=n in fitted)},
        _with_all(lines, _LINES) | _stand_ins(folder, others),
        _runs_of_lines,
    )


def _published_lines_on_new_inputs(
    folder: Path, settings: params.Paper, section: params.Claims
) -> Iterator[Entry]:
    """Judge P3 from the same lines."""
    lines = {name: _found(folder, f"published_{name}") for name in _LINES}
    return _judged(
        {"P3": lambda _, of: published.new_inputs(of, section)},
        _with_all(lines, _LINES) | _stand_ins(folder, settings.stand_ins),
        _runs_of_lines,
    )


def _rules_on_new_inputs(folder: Path, _: params.Paper, section: params.Claims) -> Iterator[Entry]:
    """Judge P4 from newdata.json; over all networks by the cases that make all steps."""
    found = _cases(folder, "newdata", NETWORKS["P4"])
    whole = {
        network: {n: case for n, case in cases.items() if case["steps"] >= section.least_steps}
        for network, cases in found.items()
    }
    if all(newdata.runs(whole.get(network, {})) for network in AT_LENGTH):
        found[ALL] = {name: case for cases in whole.values() for name, case in cases.items()}
    out = ", ".join(name for name in NETWORKS["P4"] if name != ALL and not whole.get(name))
    return _judged(
        {"P4": lambda name, of: newdata.judge(of, section, out if name == ALL else "")},
        found,
        newdata.runs,
    )


def _near_a_projection(folder: Path, _: params.Paper, section: params.Claims) -> Iterator[Entry]:
    """Judge N from near.json; over all widths by the cases with enough runs."""
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
            yield Entry(network, count, _over_all(verdict) if network == ALL else verdict)


def _over_all(verdict: Verdict) -> Verdict:
    """Return a verdict over all networks in short: what was measured stands below, by network."""
    words = verdict.brief or verdict.verdict
    told = "told below, by network" if verdict.measured else ""
    return replace(verdict, verdict=words, brief="", measured=told)


def _runs(lanes: pd.DataFrame) -> int:
    return lanes.run.nunique()


def _runs_of_lines(of: Mapping[str, Content]) -> int:
    return published.runs(*of.values())


def _stand_ins(folder: Path, names: Collection[str]) -> dict[str, dict[str, Content]]:
    """Return what stage stand_in says of the lines of each of these networks, by its name again."""
    found = _found(folder, "stand_in")
    return {name: {name: {"fixed": found[name]["fixed"]}} for name in names if name in found}


def _with_all(found: Mapping[str, Found], networks: Collection[str]) -> dict[str, dict[str, Found]]:
    """Return what there is of networks, of each alone, and of all together if none lacks."""
    each = {name: {name: of} for name, of in found.items() if len(of)}
    return each | ({ALL: dict(found)} if each.keys() == set(networks) else {})


def _cases(folder: Path, name: str, networks: Sequence[str]) -> dict[str, Content]:
    """Return what a study measured, by the network that the names of its cases begin with."""
    found = _found(folder, name)
    by_network = {
        network: {case: of for case, of in found.items() if case.partition("_")[0] == network}
        for network in networks
    }
    return {network: cases for network, cases in by_network.items() if cases}


def _as_read(folder: Path, name: str, settings: params.Paper) -> Content:
    """Return how far off a network's lines are, as stage published says it, by the base reading."""
    table, lines = table_so_far(folder, "readings"), settings.readings.networks[name]
    if table is None:
        return {}
    base = table[(table.changed == "base") & (table.network == name) & table.rule.isin(RULES)]
    rows = base.set_index("rule").to_dict("index")
    asked = {"runs": lines.runs_of(base=True), "epochs": lines.steps}
    return {"fixed": {"rules": {rule: rows[rule] | asked for rule in RULES}}}


def _found(folder: Path, name: str) -> Content:
    """Return what a stage measured, else what of it there is so far, else nothing."""
    path = else_so_far(folder / f"{name}.json")
    return read(folder, path.stem) if path.exists() else {}
