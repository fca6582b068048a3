"""The committed ledger: every claim once, in short enough words."""

import json

from stages.claims.ledgers import laptop
from stages.claims.printed import CLAIMS
from stages.claims.verdict import entries
from stages.common import params
from tests import ROOT


def test_the_committed_ledger_has_every_claim_once_and_in_words_of_the_paper():
    settings = params.read(ROOT / "params.yaml", params.Laptop)
    ledger = laptop(ROOT / "metrics/laptop", settings)
    elsewhere = {"G2"}  # in the pipeline of CelebA, whose images its user brings
    assert [v.id for v in ledger] == [claim for claim in CLAIMS if claim not in elsewhere]
    for verdict in ledger:
        assert verdict.claim.startswith(CLAIMS[verdict.id].text.removesuffix(")"))
        row = entries([verdict])[verdict.id]
        assert max(map(len, (row["claim"], row["authors"], row["ours"]))) <= 60
        assert len(row.get("brief", row["verdict"])) <= 60
    rows = [json.dumps(v.measured) for v in ledger]
    assert not any("nan" in row or "{" in row for row in rows)
