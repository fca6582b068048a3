"""The blocks of README and pages: what each holds, made from committed tables."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from stages.claims.by_network.places import ALL
from stages.claims.printed import CLAIMS, OURS
from stages.claims.verdict import NOT_RUN, short_table, short_verdict
from stages.common import params
from stages.common.so_far import so_far
from stages.generative import fair, trials
from stages.report import papers_scale
from stages.report.tables.centring import centring_table
from stages.report.tables.copying import copying_table
from stages.report.tables.deviations import deviations_table
from stages.report.tables.from_scratch import from_scratch_table
from stages.report.tables.frozen import frozen_table
from stages.report.tables.near import near_table
from stages.report.tables.no_rule import no_rule_table
from stages.report.tables.perfect import perfect_table
from stages.report.tables.readings import readings_table
from stages.report.tables.statistics import statistics_table
from stages.report.tables.study import CONFIDENCE, by_compute, models, modes
from stages.report.tables.units import units_table
from stages.text import markdown

# Of the tables of trials, so that they are no wider than a page: in params.yaml, or in the CSV.
LEFT_OUT = ["changed", "seed", "steps", "train f(f(z))", "reconstruction, eval"]
NOT_YET = "Not run yet.\n"
PAPER_PARAMS = Path("stages/pipelines/paper/params.yaml")
STUDY_PARAMS = Path("stages/pipelines/study/params.yaml")


class Files(Protocol):
    """The files of this repository, as they lie there or as a commit has them."""

    def there(self, name: str) -> bool:
        """Return whether there is a file of this name."""
        ...

    def text(self, name: str) -> str:
        """Return the content of a file."""
        ...


def claims(files: Files) -> str:
    """Return every claim of the authors in short: the authors, here, verdict.

    Those on generation are taken from the pipeline that has trained the most seeds for them, and
    what is whole at the paper's scale from there. Claims of our own are named below the table, with
    their verdicts, and so is what has not been run anywhere.
    """
    laptop, paper = (_json(files, f"metrics/{of}/claims.json") for of in ("laptop", "paper"))
    found = {}
    for claim, row in laptop.items():
        there = papers_scale.whole(row, paper.get(claim, {}))
        said = {key: row[key] for key in ("claim", "authors")}
        found |= {f"{claim} (paper)": said | dict(there)} if there else {claim: row}
    for pipeline in ("study", "celeba"):
        longer = _json(files, f"metrics/{pipeline}/claims.json")
        for claim in set(longer) - {"G3", "Q2"} if pipeline == "celeba" else set(longer):
            found.pop(claim, None)
            found[f"{claim} ({pipeline})"] = longer[claim]
    order = {claim: place for place, claim in enumerate(CLAIMS)}
    names = sorted(found, key=lambda name: order[name.partition(" ")[0]])
    run = [name for name in names if found[name]["verdict"] != NOT_RUN]
    theirs = [name for name in run if found[name]["authors"] != OURS]
    ours = [_bullet(name, found[name]) for name in run if name not in theirs]
    late = [f"{n}, {CLAIMS[n.partition(' ')[0]].short}" for n in names if n not in run]
    table = short_table({name: found[name] for name in theirs})
    table += "\nClaims of our own:\n\n" + "\n".join(ours) + "\n" if ours else ""
    return table + (f"\nNot run yet: {'; '.join(late).removesuffix('?')}.\n" if late else "")


def _bullet(name: str, row: Mapping[str, str]) -> str:
    return f"- {name} {row['claim'].removesuffix('?')}: {short_verdict(row)}"


def claims_at_the_papers_scale(files: Files) -> str:
    """Return the verdicts, a row a claim and a column a network; N, on others, has a table."""
    found = _json(files, "metrics/paper/claims.json")
    del found["N"]
    by_network = {c: {n: of for n, of in all_of.items() if n != ALL} for c, all_of in found.items()}
    return overview(by_network)


def readings(files: Files) -> str:
    """Return how far every reading of the authors' experiment is off."""

    def table(rows: pd.DataFrame) -> str:
        return readings_table(rows.fillna({"value": ""}))

    return _of_rows(files, "metrics/paper/readings.csv", table)


def deviations_by_epoch(files: Files) -> str:
    """Return how far the published lines of B2 and B3 are met, so far."""
    found = {}
    for network in ("B2", "B3"):
        name = _else_so_far(files, f"metrics/paper/published_{network}.json")
        found |= {network: _json(files, name)} if files.there(name) else {}
    name = "metrics/paper/stand_in.json"
    found |= _json(files, name) if files.there(name) else {}
    return deviations_table(found) if found else NOT_YET


def cases_of(section: str, table: Callable[[Any, Any], str], files: Files) -> str:
    """Return the table of a section's cases at the paper's scale, so far."""
    name = _else_so_far(files, f"metrics/paper/{section}.json")
    if not files.there(name):
        return NOT_YET
    cases = getattr(params.read(PAPER_PARAMS, params.Paper), section).cases
    return table(_json(files, name), cases)


def study(files: Files) -> str:
    """Return the models of the generative study."""
    return models(_runs(files, "study", "mnist"))


def study_on_celeba(files: Files) -> str:
    """Return the models of the generative study on CelebA."""
    return models(_runs(files, "celeba", "celeba"))


def when_modes_are_lost(files: Files) -> str:
    """Return when runs of the study had all digits, and when they lost some again."""
    return modes(_rows(files, "metrics/study/validation_mnist.csv"))


def distance_by_compute(files: Files) -> str:
    """Return distances of the models that have a rule, after equal fractions of the compute."""
    return by_compute(_rows(files, "metrics/study/validation_mnist.csv"), with_a_rule())


def trials_of(group: str, files: Files) -> str:
    """Return what became of a group of trials of the study, so far."""

    def table(rows: pd.DataFrame) -> str:
        everything = params.read(STUDY_PARAMS, params.MNISTStudy)
        search, batch_size = everything.search, everything.train.batch_size
        described = trials.described(rows, search, search.groups[group], batch_size)
        leads = group == trials.LEADS
        head, cells = trials.leads(described) if leads else trials.summary(described, CONFIDENCE)
        shown = pd.DataFrame(cells, columns=head).drop(columns=LEFT_OUT, errors="ignore")
        return markdown.table([*shown], shown.to_numpy().tolist()) + "\n"

    return _of_rows(files, _else_so_far(files, f"metrics/study/search_{group}.csv"), table)


def over_no_rule(files: Files) -> str:
    """Return what either rule's weights make of the errors without a rule."""

    def table(rows: pd.DataFrame) -> str:
        search = params.read(STUDY_PARAMS, params.MNISTStudy).search
        return no_rule_table(fair.points(rows, search.groups["fair"], search.models))

    return _of_rows(files, "metrics/study/search_fair.csv", table)


def statistics(files: Files) -> str:
    """Return what networks are by what their statistics are of."""
    return _of_rows(files, "metrics/study/statistics_mnist.csv", statistics_table)


def frozen(files: Files) -> str:
    """Return what networks are that were trained on as one map."""

    def table(rows: pd.DataFrame) -> str:
        return frozen_table(rows, params.read(STUDY_PARAMS, params.MNISTStudy).frozen.ways)

    return _of_rows(files, "metrics/study/frozen_mnist.csv", table)


def from_scratch(files: Files) -> str:
    """Return what networks are that were trained from the start as one map."""

    def table(rows: pd.DataFrame) -> str:
        study = params.read(STUDY_PARAMS, params.MNISTStudy)
        return from_scratch_table(rows, study.from_scratch.ways, study.claims.least_digits)

    return _of_rows(files, "metrics/study/from_scratch_mnist.csv", table)


def denoiser(files: Files) -> str:
    """Return what either rule made of a trained denoiser."""
    return perfect_table(_rows(files, "metrics/study/perfect_mnist.csv"))


def units_of(pipeline: str, _: Files) -> str:
    """Return on what a pipeline's finished units were computed; from their files, as they lie."""
    return units_table(pipeline)


BLOCKS: Mapping[str, Callable[[Files], str]] = {
    "claims": claims,
    "claims at the paper's scale": claims_at_the_papers_scale,
    "deviations by epoch": deviations_by_epoch,
    "readings": readings,
    "near a projection": partial(cases_of, "near", near_table),
    "centred inputs": partial(cases_of, "centring", centring_table),
    "taught to copy": partial(cases_of, "copying", copying_table),
    "generative study": study,
    "generative study on CelebA": study_on_celeba,
    "when modes are lost": when_modes_are_lost,
    "distance by compute": distance_by_compute,
    "towards one map": partial(trials_of, "one_map"),
    "attribution": partial(trials_of, "attribution"),
    "from white noise": partial(trials_of, "printed"),
    "a trained denoiser": denoiser,
    "statistics of BatchNorm": statistics,
    "trained on as one map": frozen,
    "trained from the start as one map": from_scratch,
    "errors over those without a rule": over_no_rule,
} | {f"units of {name}": partial(units_of, name) for name in ("paper", "study", "celeba")}


def overview(claims: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a Markdown table of verdicts, a row a claim and a column a network.

    Args:
        claims: ``verdict`` by claim and network; a claim may be about some networks only.
    """
    networks = sorted({network for verdicts in claims.values() for network in verdicts})
    rows = [
        [claim, *(short_verdict(verdicts[n]) if n in verdicts else "–" for n in networks)]
        for claim, verdicts in claims.items()
    ]
    return markdown.table(["", *networks], rows) + "\n"


def with_a_rule() -> Sequence[str]:
    """Return the models of the study that have equal compute."""
    models = params.read(STUDY_PARAMS, params.MNISTStudy).train.models
    return [name for name, model in models.items() if model.rule != "none"]


def _runs(files: Files, folder: str, dataset: str) -> pd.DataFrame:
    names = ("generative", "baselines")
    return pd.concat(_rows(files, f"metrics/{folder}/{name}_{dataset}.csv") for name in names)


def _else_so_far(files: Files, name: str) -> str:
    """Return the name of an output, or of what there is so far where only that is there."""
    partial_name = str(so_far(Path(name)))
    return partial_name if files.there(partial_name) and not files.there(name) else name


def _of_rows(files: Files, name: str, table: Callable[[pd.DataFrame], str]) -> str:
    """Return the table that is made of a file's rows, or that there is no file yet."""
    return table(_rows(files, name)) if files.there(name) else NOT_YET


def _rows(files: Files, name: str) -> pd.DataFrame:
    return pd.read_csv(StringIO(files.text(name)))


def _json(files: Files, name: str) -> Any:
    return json.loads(files.text(name))
