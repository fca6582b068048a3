"""Stage claims of every pipeline: a verdict on each claim it measures, from the numbers alone.

What counts as a difference, and how many runs a verdict takes, stands in the section `claims` of
the parameters; with fewer runs a verdict is called an indication. The paper's scale, judged network
by network from whatever is there, has the rules of the pipeline at the top.
"""

from pathlib import Path

from stages.claims import pipelines
from stages.claims.by_network import table as by_network
from stages.claims.verdict import HEAD, Verdict, entries, table
from stages.common import params
from stages.common.files import write_json, write_text

RULES = Path("params.yaml")


def main() -> None:
    """Write the table of claims, as JSON and, with all that was measured, in Markdown."""
    args = params.arguments("judge the paper's claims, as far as a pipeline measures them")
    folder = args.metrics
    match params.read(args.params, params.Pipeline):
        case params.Laptop() as settings:
            write(folder, pipelines.laptop(folder, settings))
        case params.MNISTStudy() as settings:
            write(folder, pipelines.study(folder, settings))
        case params.CelebA() as settings:
            write(folder, pipelines.celeba(folder, settings))
        case params.Paper() as settings:
            section = params.read(RULES, params.Laptop).claims
            by_network.write(folder, settings, section)


def write(folder: Path, verdicts: list[Verdict]) -> None:
    """Write the table, and below it on which images it rests where these are not all.

    Args:
        folder: where to.
        verdicts: one a claim.
    """
    subset = pipelines.read(folder, "generative").get("data")
    write_json(folder / "claims.json", entries(verdicts))
    text = HEAD + table(verdicts) + (f"\n{subset}.\n" if subset else "")
    write_text(folder / "claims.md", text)


if __name__ == "__main__":
    main()
