"""Draw the published lines of every network beside ours, as far as ours have been trained.

No stage of a pipeline, as its inputs may be missing: stage published at the paper's scale is cut
and goes on later. `make paper` ends with it.
"""

from pathlib import Path

import pandas as pd

from idem.figures.lines import figure_lines
from stages.common import params
from stages.common.files import write_figure
from stages.common.so_far import so_far
from stages.published.curves import read_errors


def main() -> None:
    """Write the figure, or say what is missing."""
    args = params.arguments("draw the published lines beside ours, as far as ours were trained")
    params.read(args.params, params.Paper)
    curves = read_errors()
    lines = of_one_batch(args.metrics, sorted(set(curves.network)))
    if not len(lines):
        print(f"no line of {args.metrics} to draw: run published@B2 or published@B3 first")
        return
    write_figure(args.metrics / "figure_lines.png", figure_lines(lines, curves))


def of_one_batch(folder: Path, networks: list[str]) -> pd.DataFrame:
    """Return the lines on one batch a run of all networks that have any, whole or so far.

    Args:
        folder: of the tables.
        networks: whose lines are published.

    Returns:
        What `stages.published.beside.beside` returns, with ``network``; no row if nothing is there.
    """
    found = [pd.DataFrame()]
    for network in networks:
        whole = folder / f"published_{network}"
        files = (Path(f"{path}_lines.csv") for path in (whole, so_far(whole)))
        there = next((file for file in files if file.exists()), None)
        if there is not None:
            found.append(pd.read_csv(there).assign(network=network))
    lines = pd.concat(found, ignore_index=True)
    return lines[lines.data == "fixed"] if len(lines) else lines


if __name__ == "__main__":
    main()
