"""Stage claims of a generative pipeline of its own: its verdicts, and on which images they rest."""

import json
from typing import cast

from idem.data.datasets import DATASETS
from stages.claims import generative, latent
from stages.claims.verdict import table
from stages.common import params
from stages.common.files import write_json, write_text
from stages.common.params import GenerativeStudy
from stages.evaluation.summary import subset


def main() -> None:
    """Write the ledger as JSON and as a table."""
    args = params.arguments("judge a generative study", dataset="name of the data set")
    name = params.choose(dict.fromkeys(DATASETS, args.dataset), args.dataset, "data set")
    section = cast(GenerativeStudy, params.read(args.params)).claims

    def found(file: str) -> dict:
        return json.loads((args.metrics / f"{file}.json").read_text(encoding="utf-8"))

    labelled = DATASETS[name].known == "labels"
    judge = generative.judge if labelled else generative.judge_photographs
    ledger = [*judge(found("generative"), section), latent.judge(found(f"latent_{name}"), section)]
    write_json(args.metrics / "claims.json", {v.id: {"verdict": v.verdict} for v in ledger})
    note = subset(args.metrics, name)
    write_text(args.metrics / "claims.md", table(ledger) + (f"\n{note}.\n" if note else ""))


if __name__ == "__main__":
    main()
