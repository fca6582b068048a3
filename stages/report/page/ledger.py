"""Each claim with all that is known of it: what was said, what was found at each scale, and how."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stages.claims.printed import CLAIMS, OURS
from stages.report import papers_scale
from stages.report.page import pipelines
from stages.report.page.metrics import Absent, Metrics, NotRun
from stages.report.page.origins import OPEN, Origin, Origins

NOT_JUDGED = "not judged at this scale"


@dataclass(frozen=True)
class Subject:
    """What a claim is about.

    Args:
        stages: that measure it, by the same names in every pipeline that has them.
        scales: the pipelines that can judge it, the one that counts first as a rule.
        figures: that show it.
    """

    stages: tuple[str, ...]
    scales: tuple[str, ...] = ("laptop",)
    figures: tuple[str, ...] = ()


_SWEEPS = ("sweep@B1", "sweep@B2", "sweep@B3", "sweep@B4")
_SWEPT = ("laptop", "paper")
_LINES = ("published@B2", "published@B3")
_REPLAYED = ("published@B1", *_LINES, "published@B4")
_TRAINED = ("train", "evaluate")
_MNIST = ("study", "laptop")
SUBJECTS = {
    "L1": Subject(("derive",)),
    "L2": Subject(("derive", "linear")),
    "L3": Subject(("derive", "linear"), figures=("figure_recurrence",)),
    "L4": Subject(("linear",), figures=("figure_recurrence",)),
    "L5": Subject(("linear",)),
    "L6": Subject(("flow",)),
    "T1": Subject(("cost",), figures=("figure_cost",)),
    "T2": Subject(_SWEEPS),
    "T3": Subject(_SWEEPS, _SWEPT, ("figure_sweep", "figure_cost")),
    "T3b": Subject((*_REPLAYED, "stand_in"), _SWEPT, ("figure_lines", "figure_published")),
    "T4": Subject(("sweep@B2", "sweep@B3"), _SWEPT, ("figure_sweep",)),
    "T4b": Subject((*_LINES, "stand_in"), _SWEPT, ("figure_lines", "figure_published")),
    "T5": Subject(
        ("sweep@B3", "sweep@B4", "stability"), _SWEPT, ("figure_sweep", "figure_stability")
    ),
    "T5b": Subject(("stability", "published@B3", "published@B4"), _SWEPT, ("figure_stability",)),
    "T6": Subject(("sweep@B1",), _SWEPT, ("figure_sweep",)),
    "T7": Subject(("variants",), _SWEPT),
    "P1": Subject((*_LINES, "stand_in"), _SWEPT, ("figure_lines", "figure_published")),
    "P2": Subject(("matched",), figures=("figure_published",)),
    "P3": Subject((*_LINES, "stand_in"), _SWEPT, ("figure_lines", "figure_published")),
    "P4": Subject(("newdata",), _SWEPT, ("figure_newdata",)),
    "N": Subject(("near",), _SWEPT, ("figure_near", "figure_centring")),
    "C": Subject(("autodiff",), figures=("figure_autodiff",)),
    "Q1": Subject(("trajectory",), figures=("figure_trajectory", "figure_landscape")),
    "Q2": Subject(("latent",), (*_MNIST, "celeba"), ("figure_latent", "figure_jacobian")),
    "G1": Subject(_TRAINED, _MNIST, ("figure_5", "figure_collapse")),
    "G4": Subject(_TRAINED, ("study",), ("figure_5",)),
    "G5": Subject(_TRAINED, ("study",), ("figure_5",)),
    "R1": Subject(_TRAINED, _MNIST, ("figure_5", "figure_compute", "figure_collapse")),
    "R2": Subject(("from_scratch", "search@one_map"), ("study",), ("figure_one_map",)),
    "R3": Subject(("search@attribution",), ("study",)),
    "G2": Subject(_TRAINED, ("celeba",), ("figure_5",)),
    "R4": Subject(_TRAINED, ("celeba",), ("figure_5",)),
    "G3": Subject(_TRAINED, (*_MNIST, "celeba"), ("figure_drift",)),
}
# How a verdict begins, and what kind it is; of several that fit the first.
KINDS = {
    "not (run|judged|readable)": "none",
    "not reproduced|no$": "against",
    "reproduced with a correction": "corrected",
    "reproduced, (by collapse|shrinks)": "hollow",
    "(reproduced(, fitted)?|yes)$": "for",
    "depends on": "depends",
    "undecided": "open",
}
ALONE = {"reproduced", "not reproduced", "undecided", "yes", "no"}  # each a whole verdict
PLAIN = ("yes", "no")  # answers in short to what is mixed in full
NAMES = {
    "for": "reproduced, or yes",
    "corrected": "reproduced with a correction",
    "hollow": "reproduced, but by collapse or shrinking",
    "depends": "depending on a convention",
    "mixed": "differing by case",
    "against": "not reproduced, or no",
    "open": "undecided",
    "none": "not run",
}


@dataclass(frozen=True)
class Finding:
    """What was found for a claim at a scale, on one network or on all.

    Attributes:
        verdict: in at most 60 characters, if there is such a wording.
        full: the verdict in full.
        ours: the number that decides; may be empty.
        measured: everything that was measured for it; may be empty.
        network: or empty for all.
    """

    verdict: str
    full: str
    ours: str = ""
    measured: str = ""
    network: str = ""

    @property
    def kind(self) -> str:
        """The kind of the verdict, a key of `NAMES`."""
        plain = re.sub(r" \(.*?\)", "", self.verdict)
        return kind(plain if plain in PLAIN else self.full)


@dataclass(frozen=True)
class Scale:
    """A claim at one scale: findings, and the stages they rest on; or why there are none."""

    pipeline: str
    findings: tuple[Finding, ...]
    origins: tuple[Origin, ...] = ()

    @property
    def name(self) -> str:
        """What readers call the pipeline."""
        return pipelines.NAMES[self.pipeline]

    @property
    def ran(self) -> list[Finding]:
        """What was found; the rest has not been run."""
        return [found for found in self.findings if found.kind != "none"]

    @property
    def by_verdict(self) -> list[tuple[str, list[Finding]]]:
        """The findings of each verdict, in the order in which they come."""
        said = dict.fromkeys(found.verdict for found in self.findings)
        return [(of, [found for found in self.findings if found.verdict == of]) for of in said]


@dataclass(frozen=True)
class Entry:
    """A claim, what the authors say, and what was found by scale, the one that counts first.

    Attributes:
        authors: their number, or what they say; empty where there is nothing but the statement.
        whose: what the statement is to the paper.
    """

    id: str
    statement: str
    short: str
    authors: str
    whose: str
    scales: tuple[Scale, ...]
    figures: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The kind of the verdict that counts."""
        return self.scales[0].findings[0].kind


def entries(metrics: Metrics, origins: Origins) -> list[Entry]:
    """Return every claim, in the order of the paper."""
    return [
        Entry(
            id,
            CLAIMS[id].text,
            CLAIMS[id].short,
            CLAIMS[id].authors,
            _whose(CLAIMS[id].authors),
            _judged([_scale(id, of, metrics, origins) for of in scales(id, metrics)]),
            subject.figures,
        )
        for id, subject in SUBJECTS.items()
    ]


def scales(id: str, metrics: Metrics) -> tuple[str, ...]:
    """Return the pipelines that can judge a claim, the one that counts first.

    That is the paper's scale, where the claim is whole there.
    """
    known = SUBJECTS[id].scales
    if known != _SWEPT:
        return known
    try:
        said = [metrics.json(f"metrics/{pipeline}/claims.json").get(id, {}) for pipeline in known]
    except Absent:  # said in its place
        return known
    return known[::-1] if papers_scale.whole(*said) else known


def kind(verdict: str) -> str:
    """Return the kind of a verdict; one that differs by network, mode or question is mixed."""
    said = re.sub(r" \(.*?\)|; \d+ steps", "", verdict)
    words = set(said.split(", "))  # of readings, where there are several
    if ";" in said and not said.startswith("depends") or len(words) > 1 and words <= ALONE:
        return "mixed"
    return next((kind for start, kind in KINDS.items() if re.match(start, said)), "mixed")


def _whose(authors: str) -> str:
    """Return what a claim is to the paper, by what the authors say of it."""
    if authors == OURS:
        return "Our own claim"
    return "Left open in the paper" if authors.startswith("left open") else "The paper"


def _judged(found: list[Scale]) -> tuple[Scale, ...]:
    """Leave out the scales that do not judge a claim, where another one does."""
    judging = [scale for scale in found if scale.findings[0].verdict != NOT_JUDGED]
    return tuple(judging or found[:1])


def _scale(id: str, pipeline: str, metrics: Metrics, origins: Origins) -> Scale:
    defined = {name.partition("@")[0] for name in pipelines.stages(pipeline)}
    used = [stage for stage in SUBJECTS[id].stages if stage.partition("@")[0] in defined]
    all_of = [origins.of(pipeline, stage) for stage in used]
    of = tuple(origin for origin in all_of if origin.commit != OPEN) or tuple(all_of)
    try:
        found = tuple(_findings(id, pipeline, metrics))
    except Absent as error:
        notice = metrics.notice(error)
        verdict = "not run" if isinstance(error, NotRun) else "not readable"
        return Scale(pipeline, (Finding(verdict, verdict, measured=notice),), of)
    return Scale(pipeline, found or (Finding(NOT_JUDGED, NOT_JUDGED),), of)


def _findings(id: str, pipeline: str, metrics: Metrics) -> Iterator[Finding]:
    claims = metrics.json(f"metrics/{pipeline}/claims.json")
    told = _told(metrics.text(f"metrics/{pipeline}/claims.md"))
    of_claim = claims.get(id, {})
    for network, row in of_claim.items() if "verdict" not in of_claim else [("", of_claim)]:
        verdict, ours = row["verdict"], row.get("ours", "")
        measured = told.get((id, network), "")
        yield Finding(row.get("brief", verdict), verdict, ours, measured, network)


def _told(markdown: str) -> dict[tuple[str, str], str]:
    """Return all that was measured by claim and network, from a table in Markdown."""
    head, _, *lines = [line for line in markdown.splitlines() if line.startswith("|")]
    names = _cells(head)
    rows = [dict(zip(names, _cells(line), strict=False)) for line in lines]
    return {(row[""], row.get("network", "")): row.get("measured", "") for row in rows}


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]
