"""The page holds every claim, number and figure, whatever is missing around it."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.claims.printed import CLAIMS
from stages.report.page import figures, words
from stages.report.page.build import READINGS, TEMPLATES, report
from stages.report.page.metrics import Metrics
from tests import ROOT
from tests.stages.report.page.conftest import copied, replace

# What a text may hold itself: numbers of sections, of the setting, and of definitions.
FIXED = {"2.1", "2.2", "2.3", "3.1", "0.2", "0.7", "95 %", "2 %"}


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "pictures", lambda _: {})
        yield patch


@pytest.fixture(scope="module")
def whole(tmp_path_factory, elsewhere: pytest.MonkeyPatch) -> tuple[str, Metrics]:
    """Build from all tables, of which one has another number."""
    folder, metrics = copied(tmp_path_factory.mktemp("whole")), Metrics()
    elsewhere.chdir(folder)
    near = json.loads((folder / "metrics/paper/near.json").read_text())
    near["n100_noise_0_1"]["start"] = 0.7654321
    replace(folder / "metrics/paper/near.json", json.dumps(near))
    return report(metrics), metrics


@pytest.fixture(scope="module")
def damaged(tmp_path_factory, elsewhere: pytest.MonkeyPatch) -> tuple[str, Metrics]:
    """Build where a table is lost, one half-written, an appendix lost, and a scale never run."""
    folder, metrics = copied(tmp_path_factory.mktemp("damaged")), Metrics()
    elsewhere.chdir(folder)
    (folder / "metrics/laptop/near.json").unlink()
    (folder / "metrics/laptop/appendix_c.md").unlink()
    (folder / "metrics/laptop/appendix_d.md").unlink()
    table = folder / "metrics/study/generative_mnist.csv"
    replace(table, table.read_text()[:2000])
    for path in [*folder.glob("metrics/paper/*"), folder / "stages/pipelines/paper/dvc.lock"]:
        path.unlink()
    return report(metrics), metrics


def test_the_page_has_all_claims_sections_and_appendices_and_lacks_nothing(whole):
    page, metrics = whole
    assert metrics.faults == []
    assert all(f'id="claim-{id}"' in page for id in CLAIMS)
    headings = " ".join(re.findall(r"<h2.*?</h2>", page))
    for name in ("answer", "1 Introduction", "2 Method", "3 Exp", "4 Related", "5 Conclusion"):
        assert name in headings
    assert all(f"Appendix {letter}" in headings for letter in "CDEF")
    assert "A. Solutions to the ansatz" in page
    assert page.count("<math") > 300


def test_nothing_of_markdown_or_latex_is_left_over(whole):
    page = re.sub(r"<(pre|code|script|style)\b.*?</\1>", "", whole[0], flags=re.S)
    text = re.sub(r"<[^>]+>", "", page)
    assert not re.findall(r".{20}(?:\*\*|\$|\\|\{\{|\bNone\b|\bnan\b).{20}", text)


def test_numbers_in_texts_are_those_of_the_files(whole):
    assert re.search(r"relative\s+error\s+of\s+0\.77\s+to", whole[0])


def test_what_a_reading_is_off_by_is_that_of_its_table(whole):
    with (ROOT / READINGS).open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    (base,) = [row for row in table if (row["changed"], row["network"]) == ("base", "B3")][:1]
    assert base["rule"] == "both"
    said = words.off(float(base["median_deviation"]))
    assert f"{said} on B3, as far" in " ".join(whole[0].split())


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.md.j2")), ids=lambda path: path.stem)
def test_a_text_holds_no_number_of_a_result(template: Path):
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\$.*?\$", "", template.read_text(), flags=re.S)
    text = re.sub(r"arxiv.*?\d+\.\d+", "", text, flags=re.I)
    assert set(re.findall(r"\d+\.\d+|\d+ %", text)) <= FIXED


def test_what_is_lost_or_half_written_is_named_in_its_place_with_its_stage(damaged):
    page, metrics = damaged
    named = set(re.findall(r"<code>(dvc repro .*?)</code>", page))
    assert {"dvc repro near", "dvc repro autodiff", "dvc repro flow"} <= named
    assert "dvc repro stages/pipelines/study/dvc.yaml:evaluate" in named
    assert "metrics/laptop/near.json: no such file; run `dvc repro near`" in metrics.faults
    assert len([fault for fault in metrics.faults if "half-written or damaged" in fault]) == 1
    assert "Where the rule is good" in page


def test_a_scale_that_has_not_been_run_says_so_in_its_place_and_is_no_fault(damaged):
    page, metrics = damaged
    assert not any("paper" in fault for fault in metrics.faults)
    scale = page[page.index('id="claim-T3"') : page.index('id="claim-T4"')]
    assert "the paper’s scale: not run; <code>make paper</code> runs it" in scale
    assert '<span class="verdict none">not run</span>' in scale
