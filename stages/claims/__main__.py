"""Stage claims of every pipeline: a verdict on each claim it measures, from the numbers alone.

What counts as a difference, and how many runs a verdict takes, stands in the section `claims` of
the parameters; with fewer runs a verdict is called an indication. The paper's scale, judged network
by network from whatever is there, has the rules of the pipeline at the top.
"""

from pathlib import Path

from stages.claims import ledgers, network_by_network
from stages.claims.verdict import Verdict, entries, table
from stages.common import params
from stages.common.files import write_json, write_text

RULES = Path("params.yaml")


def main() -> None:
    """Write the ledger: as JSON, short enough for `dvc metrics diff`, and as a long table."""
    args = params.arguments("judge the paper's claims, as far as a pipeline measures them")
    folder = args.metrics
    match params.read(args.params, params.Pipeline):
        case params.Laptop() as settings:
            write(folder, ledgers.laptop(folder, settings), "latent_mnist")
        case params.MNISTStudy(claims=section):
            write(folder, ledgers.study(folder, section), "latent_mnist")
        case params.CelebA(claims=section):
            write(folder, ledgers.celeba(folder, section), "latent_celeba")
        case params.Paper(sweep=swept):
            section = params.read(RULES, params.Laptop).claims
            network_by_network.write(folder, swept, section)


def write(folder: Path, ledger: list[Verdict], labelled: str) -> None:
    """Write a ledger, and below it on which images it rests where these are not all.

    Args:
        folder: where to.
        ledger: a verdict a claim.
        labelled: the name of a file there that says so.
    """
    subset = ledgers.read(folder, labelled).get("data")
    write_json(folder / "claims.json", entries(ledger))
    write_text(folder / "claims.md", table(ledger) + (f"\n{subset}.\n" if subset else ""))


if __name__ == "__main__":
    main()
