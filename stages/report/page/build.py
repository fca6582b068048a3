"""The report put together: texts from templates, claims, figures and tables in their places.

The texts are Markdown in `templates`, a file a section. In them `claim("T3")` is all that is known
of a claim, `verdict("T3", "T4")` verdicts in a line, `figures("sweeps")` the figures there,
`block(…)` a table of the READMEs, `n(file, key)` a number of ``metrics/FILE.json``,
`reading(…)` one of readings.csv and `used(pipeline, stage, key)` a parameter of a stage as it ran.
A text holds no number of ours.
"""

import csv
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup as Safe

from stages.compare.lock import stale
from stages.compare.revision import Unanswerable, git
from stages.report.blocks import BLOCKS
from stages.report.page import figures, ledger, pipelines, words
from stages.report.page.markup import Markup, one_block
from stages.report.page.metrics import Absent, Metrics, Notice, fault
from stages.report.page.origins import Origins, anchor

DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times as fast, where there is one
READINGS = "metrics/paper/readings.csv"
TEMPLATES = Path(__file__).with_name("templates")
SECTIONS = (
    "answer",
    "introduction",
    "method",
    "experiments",
    "generation",
    "related_work",
    "conclusion",
    "references",
)
APPENDICES = {"appendix_ab": "", "appendix_c": "C", "appendix_d": ""}  # and their figures
LAST = ("appendix_e", "appendix_f")


def report(metrics: Metrics) -> str:
    """Return the report as one HTML page; what could not be read is kept in `metrics`."""
    return _Report(metrics).html()


class _Report:
    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self.markup = Markup()
        self.origins = Origins()
        self.entries = {entry.id: entry for entry in ledger.entries(metrics, self.origins)}
        self.pictures = figures.pictures(metrics)
        self.environment = self._environment()

    def html(self) -> str:
        """Return the page."""
        body = "".join(
            [
                *(self._section(name) for name in SECTIONS),
                *(self._appendix(name, of) for name, of in APPENDICES.items()),
                *(self._section(name) for name in LAST),
            ]
        )
        return self._part(
            "report",
            body=Safe(body),
            headings=self.markup.headings,
            commit=_commit(),
            style=Safe((TEMPLATES / "report.css").read_text("utf-8")),
            script=Safe((TEMPLATES / "report.js").read_text("utf-8")),
        )

    def claim(self, id: str) -> str:
        """Return all that is known of a claim."""
        entry = self.entries[id]
        named = [p for of in self.pictures.values() for p in of if p.name in entry.figures]
        scales = {scale.pipeline for scale in entry.scales}
        own = [picture for picture in named if picture.source in scales]
        return one_block(self._part("claim", entry=entry, pictures=own or named))

    def verdict(self, *ids: str) -> str:
        """Return the verdicts on claims, at the scale that counts, in a line."""
        entries = [self.entries[id] for id in ids]
        groups = [(kind, [e for e in entries if e.kind == kind]) for kind in ledger.NAMES]
        there = [(kind, of_kind) for kind, of_kind in groups if of_kind]
        return self._part("verdict", groups=there, names=ledger.NAMES).strip()

    def figures(self, section: str) -> str:
        """Return the figures of a section."""
        shown = groupby(self.pictures.get(section, []), key=lambda picture: picture.name)
        return one_block(self._part("figures", pictures=[list(of_name) for _, of_name in shown]))

    def glance(self) -> str:
        """Return the table of all claims."""
        return one_block(self._part("glance", entries=self.entries.values()))

    def tally(self) -> str:
        """Return all claims by the kind of their verdict."""
        of_kind = {
            name: [entry for entry in self.entries.values() if entry.kind == kind]
            for kind, name in ledger.NAMES.items()
        }
        return one_block(self._part("tally", of_kind=of_kind))

    def block(self, name: str) -> str:
        """Return a table that a README shows too."""
        try:
            return BLOCKS[name](self.metrics)
        except Absent as error:
            return self.metrics.notice(error)
        except (KeyError, ValueError) as error:  # of a table that lacks a column
            return self.metrics.notice(f"table {name}: expected other files, got {error!r}")

    def reading(self, network: str, changed: str, value: str = "") -> float | Notice:
        """Return how far a reading of the authors' experiment is off their lines, in the median."""
        try:
            rows = csv.DictReader(self.metrics.text(READINGS).splitlines())
        except Absent as error:
            return self.metrics.notice(error)
        wanted = {"network": network, "rule": "both", "changed": changed, "value": value}
        there = (float(row["median_deviation"]) for row in rows if wanted.items() <= row.items())
        found = next(there, None)
        lacks = fault(READINGS, f"expected {changed} {value} of {network}, got no such row")
        return self.metrics.notice(lacks) if found is None else found

    def used(self, pipeline: str, stage: str, key: str) -> Any:
        """Return a parameter as a stage ran with it."""
        run = pipelines.run(pipeline, stage)
        found: Any = run.parameters if run else {}
        name = next((name for name in found if f"{key}.".startswith(f"{name}.")), key)
        for part in filter(None, [name, *key.removeprefix(name).split(".")]):
            if not isinstance(found, dict) or part not in found:
                return self.metrics.notice(f"{key} of stage {stage} of {pipeline}: not run")
            found = found[part]
        return found

    def stages(self, pipeline: str) -> str:
        """Return the table of the stages of a pipeline that have run."""
        runs = {
            name: (run, self.origins.of(pipeline, name), _yaml(run.parameters))
            for name, run in pipelines.runs(pipeline).items()
        }
        return one_block(self._part("stages", pipeline=pipeline, runs=runs, anchor=anchor))

    def _section(self, name: str) -> str:
        text = self.environment.get_template(f"{name}.md.j2").render()
        return self.markup.html(words.together(text), ours=True)

    def _appendix(self, name: str, section: str) -> str:
        """Return an appendix that a stage wrote; its pictures are shown below it."""
        path = f"metrics/laptop/{name}.md"
        try:
            text = self.metrics.text(path)
        except Absent as error:
            text = f"# {name}\n\n{self.metrics.notice(error)}\n"
        lines = [line for line in text.splitlines() if not line.startswith("![")]
        return self.markup.html("\n".join(lines), deeper=1) + self.figures(section)

    def _part(self, template: str, **values: Any) -> str:
        return self.environment.get_template(f"{template}.html.j2").render(values)

    def _environment(self) -> Environment:
        made = Environment(
            loader=FileSystemLoader(TEMPLATES),
            undefined=StrictUndefined,
            autoescape=lambda name: name is not None and name.endswith(".html.j2"),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        names = ("claim", "verdict", "figures", "glance", "tally", "block", "reading", "used")
        made.globals |= {name: getattr(self, name) for name in (*names, "stages")}
        made.globals |= {
            "n": self.metrics.value,
            "scales": pipelines.NAMES,
            "stale": stale,
        }
        made.filters |= {f.__name__: _passing(f) for f in words.OF_NUMBERS} | {
            "inline": words.inline
        }
        return made


def _passing(form: Callable[..., str]) -> Callable[..., str]:
    """Return a filter that leaves a notice as it is."""
    return lambda value, *more: value if isinstance(value, Notice) else form(value, *more)


def _yaml(parameters: Any) -> str:
    how = {"Dumper": DUMPER, "sort_keys": False, "allow_unicode": True, "width": 100}
    return yaml.dump(dict(parameters), **how) if parameters else ""


def _commit() -> str:
    """Return the commit that is checked out, and its date; nothing without a repository."""
    try:
        return git("log", "-1", "--format=%h of %cs").strip()
    except Unanswerable:
        return ""
