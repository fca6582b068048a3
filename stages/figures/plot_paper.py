"""Draw what was measured at the paper's scale, as far as it has got, beside its tables.

No stage of a pipeline, as its inputs may be missing: sweeps of hours are cut and go on later. `make
paper` ends with it.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pandas as pd

from idem.figures.batches import both_ways, figure_batches
from idem.figures.lines import figure_lines
from idem.figures.near import figure_near
from idem.figures.newdata import figure_newdata
from stages.common import params
from stages.common.files import write_figure
from stages.common.so_far import else_so_far, so_far
from stages.figures import near_cases
from stages.figures.plot import compared, inputs_a_dimension
from stages.figures.plot_generative import Drawing
from stages.published.curves import read_errors
from stages.published.overlay import base_lines

CENTRED = (  # what gets a panel of its own of stage centring
    "n20_mean",
    "n20_mean_centred",
    "n20_two",
    "n20_two_centred",
    "n20_two_first",
    "n20_two_second",
    "n100_two",
    "n100_two_centred",
)
_PANELS = 4  # of the widths of a layer near a projection, the largest


def main() -> None:
    """Write every figure for which there is anything to draw, and say so if there is none."""
    args = params.arguments("draw the figures of the paper's scale, as far as it was measured")
    settings = params.read(args.params, params.Paper)
    drawn = drawings(args.metrics, settings)
    for name, draw in drawn.items():
        write_figure(args.metrics / f"{name}.png", draw())
    if not drawn:
        print(f"nothing to draw in {args.metrics}: run published@B2, near or newdata first")


def drawings(folder: Path, settings: params.Paper) -> dict[str, Drawing]:
    """Return what draws every figure of whose tables there is one, by name."""
    curves, found = read_errors(), dict[str, Drawing]()
    lines = of_one_batch(folder, sorted(set(curves.network)))
    if len(lines):
        of_widths, theirs = of_other_widths(folder, settings.stand_ins, curves)
        lines = pd.concat([lines, of_widths]).sort_values("network", kind="stable")
        theirs = pd.concat([curves, theirs])
        found["figure_lines"] = partial(figure_lines, lines, theirs)
    if len(lines := of_both(folder, list(settings.published.networks))):
        found["figure_batches"] = partial(figure_batches, lines)
    if (near := folder / "near.json").exists():
        table, cases = pd.read_csv(folder / "near.csv"), settings.near.cases
        panels = [name for name in widths(cases) if name in set(table.case)][-_PANELS:]
        ratios = near_cases.ratios(near, cases, near_cases.names_of)
        found["figure_near"] = partial(figure_near, table[table.case.isin(panels)], ratios)
    if (centring := folder / "centring.json").exists():
        table, cases = pd.read_csv(folder / "centring.csv"), settings.centring.cases
        ratios = near_cases.ratios(centring, cases, near_cases.centred_names_of)
        found["figure_centring"] = partial(figure_near, table[table.case.isin(CENTRED)], ratios)
    new, numbers = (else_so_far(folder / f"newdata.{ending}") for ending in ("csv", "json"))
    if new.exists() and numbers.exists():
        each = inputs_a_dimension(settings.sweep, ["B2", "B3"])
        tables = (pd.read_csv(new), *compared(numbers))
        found["figure_newdata"] = partial(figure_newdata, *tables, each)
    return found


def of_one_batch(folder: Path, networks: list[str]) -> pd.DataFrame:
    """Return the lines on one batch a run of all networks that have any, of the furthest there are.

    Args:
        folder: of the tables.
        networks: whose lines are published.

    Returns:
        What `stages.published.beside.beside` returns, with ``network``, of stage published, whole
        or so far, else of the base of the readings; no row if nothing is there.
    """
    found = {network: _published(folder / f"published_{network}") for network in networks}
    readings = folder / "readings_lines.csv"
    if any(lines is None for lines in found.values()) and readings.exists():
        brief = base_lines(pd.read_csv(readings))
        found |= {n: brief[brief.network == n] for n, lines in found.items() if lines is None}
    there = [t.assign(network=n) for n, t in found.items() if t is not None and len(t)]
    if not there:
        return pd.DataFrame()
    lines = pd.concat(there, ignore_index=True)
    return lines[lines.data == "fixed"]


def of_both(folder: Path, networks: list[str]) -> pd.DataFrame:
    """Return the lines that end on one batch a run and on fresh ones, but of one layer.

    That has 200 inputs a dimension in a batch, so that nothing is to be seen.

    Args:
        folder: of the tables.
        networks: that were trained as the authors did.

    Returns:
        What `stages.published.beside.beside` returns, with ``network``; no row if nothing is there.
    """
    found = {name: _published(folder / f"published_{name}") for name in networks if name != "B1"}
    there = [both_ways(of).assign(network=n) for n, of in found.items() if of is not None]
    return pd.concat(there, ignore_index=True) if there else pd.DataFrame()


def of_other_widths(
    folder: Path, stand_ins: Mapping[str, params.StandIn], curves: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the lines of networks that the authors may have run in place of one of theirs.

    Args:
        folder: of the table of stage stand_in.
        stand_ins: of which those count whose own width makes the rates of the labels.
        curves: as published.

    Returns:
        As `of_one_batch`, and the published lines beside which they are to be drawn, both under a
        name that tells the network from the other.
    """
    table, ours, theirs = folder / "stand_in.csv", [pd.DataFrame()], [pd.DataFrame()]
    found = pd.read_csv(table) if table.exists() else pd.DataFrame({"stand_in": []})
    for name, of in stand_ins.items():
        if of.rates == "labels" and name in set(found.stand_in):
            words = f"{of.network}, {of.widths[0]} inputs{', fitted' if of.fitted else ''}"
            ours.append(found[found.stand_in == name].assign(network=words))
            theirs.append(curves[curves.network == of.network].assign(network=words))
    return pd.concat(ours, ignore_index=True), pd.concat(theirs, ignore_index=True)


def _published(table: Path) -> pd.DataFrame | None:
    """Return the lines of stage published, whole or so far; None if there are none."""
    files = (Path(f"{path}_lines.csv") for path in (table, so_far(table)))
    return next((pd.read_csv(file) for file in files if file.exists()), None)


def widths(cases: dict[str, params.Start]) -> list[str]:
    """Return the cases that differ by their width alone from the case of width 100 that is usual.

    Usual is one layer, noise 0.1, biases of 4, plain SGD, one dimension lost; in order of width.
    """
    usual = {
        name: case
        for name, case in cases.items()
        if (case.noise, case.bias) == (0.1, 4) and not near_cases.in_what_it_differs(case)
    }
    return sorted(usual, key=lambda name: usual[name].width)


if __name__ == "__main__":
    main()
