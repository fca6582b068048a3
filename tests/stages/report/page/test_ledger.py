"""Each claim has its verdict, what it rests on, and a word of what has not been run."""

import json
from pathlib import Path

import pytest

from stages.claims.printed import CLAIMS
from stages.report.page import ledger, pipelines
from stages.report.page.figures import FIGURES
from stages.report.page.ledger import Finding
from stages.report.page.metrics import Metrics
from stages.report.page.origins import Origins
from tests.stages.report.page.conftest import replace

KINDS = {
    "reproduced": "for",
    "reproduced, by collapse": "hollow",
    "reproduced, shrinks, does not become idempotent (indication: 60 steps)": "hollow",
    "reproduced (indication: 1 run, 25 steps)": "for",
    "reproduced, fitted (indication: 4 runs)": "for",
    "reproduced with a correction": "corrected",
    "not reproduced (indication: 5 seeds)": "against",
    "no (indication: 5 seeds)": "against",
    "depends on a convention: training mode reproduced (raw), not (EMA); 9 steps": "depends",
    "undecided; 300 steps (indication: 2 seeds)": "open",
    "B1: reproduced, by collapse; B2: undecided, shrinks": "mixed",
    "reproduced but for modified on B2 (indication: 1 run)": "mixed",
    "training mode reproduced; eval mode undecided; 1600 steps": "mixed",
    "not reproduced (raw), undecided (EMA), undecided (best); 300 steps": "mixed",
    "as far on B2, under 50% as far on B3 (indication: 1 run)": "mixed",
    "not run": "none",
    ledger.NOT_JUDGED: "none",
}


@pytest.mark.parametrize("verdict", KINDS)
def test_verdicts_are_of_the_kind_that_their_words_say(verdict: str):
    assert ledger.kind(verdict) == KINDS[verdict]


@pytest.mark.usefixtures("copy")
def test_every_claim_of_the_paper_has_stages_that_exist_and_figures_that_are_known():
    assert list(ledger.SUBJECTS) == list(CLAIMS)
    defined = {name: pipelines.stages(name) for name in pipelines.NAMES}
    for subject in ledger.SUBJECTS.values():
        assert set(subject.figures) <= set(FIGURES)
        for pipeline in subject.scales:
            assert any(stage.partition("@")[0] in defined[pipeline] for stage in subject.stages)


def test_networks_of_one_verdict_are_named_together():
    found = [Finding("not run", "not run", network=name) for name in ("B3", "B4")]
    scale = ledger.Scale("paper", (Finding("yes", "yes", network="B2"), *found))
    assert [of.network for of in scale.ran] == ["B2"]
    together = [(verdict, [f.network for f in of]) for verdict, of in scale.by_verdict]
    assert together == [("yes", ["B2"]), ("not run", ["B3", "B4"])]


def test_a_claim_says_whose_it_is():
    entries = {entry.id: entry.whose for entry in ledger.entries(Metrics(), Origins())}
    assert entries["T3"] == "The paper"
    assert entries["Q1"] == "Left open in the paper"
    assert entries["R1"] == "Our own claim"


@pytest.mark.usefixtures("copy")
def test_all_of_a_claim_is_that_of_its_files():
    metrics = Metrics()
    found = {entry.id: entry for entry in ledger.entries(metrics, Origins())}
    assert metrics.faults == []
    for pipeline in pipelines.NAMES:
        claims = json.loads(Path(f"metrics/{pipeline}/claims.json").read_text())
        told = Path(f"metrics/{pipeline}/claims.md").read_text()
        for id, claim in claims.items():
            scales = [scale for scale in found[id].scales if scale.pipeline == pipeline]
            rows = [claim] if "verdict" in claim else claim.values()
            for scale in scales:
                assert [f.full for f in scale.findings] == [row["verdict"] for row in rows]
                assert all(f"| {f.measured} |" in told for f in scale.findings if f.measured)
    judged = [entry for entry in found.values() if entry.kind != "none"]
    assert len(judged) > 20
    assert all(entry.scales[0].findings[0].measured for entry in judged)


def test_a_scale_that_does_not_judge_a_claim_is_left_out_unless_none_does(copy: Path):
    replace(copy / "metrics/paper/claims.json", "{}")
    entries = {entry.id: entry for entry in ledger.entries(Metrics(), Origins())}
    assert not any(of.pipeline == "paper" for entry in entries.values() for of in entry.scales)
    replace(copy / "metrics/laptop/claims.json", "{}")
    entries = {entry.id: entry for entry in ledger.entries(Metrics(), Origins())}
    assert entries["T3"].scales[0].findings[0].verdict == ledger.NOT_JUDGED


def test_the_papers_scale_counts_where_a_claim_is_whole_there(copy: Path):
    row = {"verdict": "undecided", "ours": "×2"}
    for pipeline, claims in {"laptop": {"T6": row}, "paper": {"T6": {"B1": row}}}.items():
        replace(copy / f"metrics/{pipeline}/claims.json", json.dumps(claims))
    assert ledger.scales("T6", Metrics()) == ("paper", "laptop")
    assert ledger.scales("T7", Metrics()) == ("laptop", "paper")
    assert ledger.scales("G1", Metrics()) == ("study", "laptop")


def test_claims_that_cannot_be_read_name_the_stage(copy: Path):
    text = Path("metrics/laptop/claims.json").read_text()
    replace(copy / "metrics/laptop/claims.json", text[:500])
    metrics = Metrics()
    entries = {entry.id: entry for entry in ledger.entries(metrics, Origins())}
    assert "run `dvc repro claims`" in entries["L1"].scales[0].findings[0].measured
    assert entries["L1"].kind == "none"
    assert entries["G1"].scales[0].findings[0].measured  # of the study, which is whole
    assert len(metrics.faults) == 1
