"""The committed tables of claims: every claim once, in short enough words."""

import json

import pandas as pd
import pytest

from stages.claims import pipelines
from stages.claims.printed import CLAIMS
from stages.claims.verdict import LONGEST, entries
from stages.common import params
from tests import ROOT

# What it lacks: the images of CelebA are brought by their user, and the study trains more models.
LAPTOP = {"G2", "G4", "G5", "R2", "R3", "R4"}
GENERATIVE = {
    "study": (params.MNISTStudy, pipelines.study, {"Q2", "G1", "R1", "R2", "R3", "G3", "G4", "G5"}),
    "celeba": (params.CelebA, pipelines.celeba, {"Q2", "G2", "R4", "G3"}),
}


def in_words(verdicts: list[pipelines.Verdict]) -> set[str]:
    """Return the claims, all of whose cells must be short and free of what is no word."""
    for name, row in entries(verdicts).items():
        cells = row["claim"], row["authors"], row["ours"], row.get("brief", row["verdict"])
        assert max(map(len, cells)) <= LONGEST, (name, cells)
        assert "nan" not in json.dumps(row) and "{" not in str(cells)
    assert not any("nan " in v.measured or "{" in v.measured for v in verdicts)
    return {v.id for v in verdicts}


def test_the_committed_table_has_every_claim_once_and_in_words_of_the_paper():
    settings = params.read(ROOT / "params.yaml", params.Laptop)
    found = pipelines.laptop(ROOT / "metrics/laptop", settings)
    assert in_words(found) == set(CLAIMS) - LAPTOP
    assert [v.id for v in found] == [claim for claim in CLAIMS if claim not in LAPTOP]
    for verdict in found:
        assert verdict.claim.startswith(CLAIMS[verdict.id].text.removesuffix(")"))


@pytest.mark.parametrize("name", GENERATIVE)
def test_the_tables_of_the_studies_are_read(name: str):
    schema, judge, claims = GENERATIVE[name]
    settings = params.read(ROOT / f"stages/pipelines/{name}/params.yaml", schema)
    assert in_words(judge(ROOT / "metrics" / name, settings)) == claims


def test_leads_towards_one_map_have_the_modified_rule():
    settings = params.read(ROOT / "stages/pipelines/study/params.yaml", params.MNISTStudy)
    leads = pipelines.leads(settings.search)
    assert {"recipe", "group_norm_align", "recipe_degree_4"} <= set(leads)
    assert not {name for name in leads if name.endswith(("_ign", "_only", "_transposed"))}
    assert "whole_align_no_rule" not in leads


def test_ways_that_are_compared_with_ign_have_its_matching_and_the_rule():
    settings = params.read(ROOT / "stages/pipelines/study/params.yaml", params.MNISTStudy)
    assert pipelines.ways(settings) == ["modified"]
    ways = settings.from_scratch.ways
    alone = {"modified": ways["modified"]}
    others = ways | {"ign": ways["ign"].model_copy(update={"matching": 0.7})}
    for changed in (alone, others):
        section = settings.from_scratch.model_copy(update={"ways": changed})
        assert pipelines.ways(settings.model_copy(update={"from_scratch": section})) == []


def test_only_batch_sizes_are_compared_and_know_their_steps():
    settings = params.read(ROOT / "params.yaml", params.Laptop)
    found = pipelines.of_batch_sizes(ROOT / "metrics/laptop", settings.variants)
    assert set(found.variant) == {n for n in settings.variants if "_batch_" in n}
    steps = found.groupby("variant").steps.first()
    expected = {n: v.steps for n, v in settings.variants.items() if "_batch_" in n}
    assert steps.to_dict() == expected
    assert not pd.isna(found.steps).any()
