"""Stage summary: the verdicts and few numbers of a pipeline, and how far each may differ.

It ends every pipeline. With `--so-far` a pipeline is summed up that has not run to its end, or with
older code: what cannot be read is left out, and said.
"""

import sys
from functools import cache
from pathlib import Path

from stages.common import params
from stages.common.files import write_json
from stages.summary import tables
from stages.summary.build import summary
from stages.summary.source import WrongFile

RULES = Path("params.yaml")


def main() -> None:
    """Write summary.json, the only metric of a pipeline, and spread.json."""
    flags = {"so_far": "leave out what cannot be read, and say so"}
    args = params.arguments("sum up a pipeline", flags)
    within, numbers = _numbers(params.read(args.params, params.Pipeline))
    left_out = _left_out if args.so_far else None
    try:
        found, spreads = summary(args.metrics, numbers, left_out, within=within)
    except WrongFile as error:
        sys.exit(str(error))
    write_json(args.metrics / "summary.json", found)
    write_json(args.metrics / "spread.json", spreads)


def _numbers(settings: params.Pipeline) -> tuple[list[str], list[tables.Number]]:
    """Return what the names of a pipeline stand below, and its numbers."""
    match settings:
        case params.Laptop(claims=section):
            return [], tables.laptop(section)
        case params.MNISTStudy():
            return ["study"], tables.study()
        case params.CelebA():
            return ["celeba"], tables.celeba()
        case params.Paper(sweep=swept):
            return ["paper"], tables.paper(params.read(RULES, params.Laptop).claims, swept)
    raise NotImplementedError(type(settings).__name__)


@cache
def _left_out(error: str) -> None:
    print(f"left out: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
