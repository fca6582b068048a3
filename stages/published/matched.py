"""Stage matched: put the authors' own lines beside each other at equal matched rates.

If the modified rule is a mean over the batch and the ordinary loss one over all elements, a label
r of the modified rule is the step of an ordinary label r n / 2. Where both are printed, they can be
compared without training anything.
"""

import numpy as np
import pandas as pd

from idem.sweeps.mlp import TABLE_1
from stages.common import params
from stages.common.files import write_csv, write_json
from stages.published.curves import read_errors
from stages.published.readings import factor

EARLY = 200  # epochs up to which the lines are still near their starts


def main() -> None:
    """Write the table, and by network the ratios early and at the end."""
    args = params.arguments("compare the published lines at equal matched rates")
    table = at_equal_rates(read_errors())
    write_csv(args.metrics / "published_matched.csv", table)
    write_json(args.metrics / "published_matched.json", headline(table))


def at_equal_rates(curves: pd.DataFrame) -> pd.DataFrame:
    """Put the modified lines beside ordinary ones of the same matched rate.

    Args:
        curves: of `stages.published.curves.read_errors`.

    Returns:
        A row a network, modified label and epoch: ``network``, ``modified_label``,
        ``ordinary_label`` (that of the same matched rate), ``epoch``, ``modified``, ``ordinary``
        (errors; the ordinary one interpolated between the two neighbouring labels seen there,
        linearly in the logarithms of rate and error) and ``ratio`` (modified / ordinary).
        Nothing is extrapolated.
    """
    found = []
    for (network, epoch), there in curves.groupby(["network", "epoch"]):
        width = TABLE_1[str(network)][-1]
        scale = factor("batch", width) / factor("elements", width)
        of_rule = {rule: rows.sort_values("learning_rate") for rule, rows in there.groupby("rule")}
        if len(of_rule) < 2:
            continue
        modified, ordinary = of_rule["modified"], of_rule["ordinary"]
        rates, errors = np.log(ordinary.learning_rate), np.log(ordinary.error)
        for label, error in zip(modified.learning_rate, modified.error, strict=True):
            between = np.interp(np.log(label * scale), rates, errors, left=np.nan, right=np.nan)
            if np.isfinite(between):
                found.append((network, label, label * scale, epoch, error, np.exp(between)))
    columns = ["network", "modified_label", "ordinary_label", "epoch", "modified", "ordinary"]
    table = pd.DataFrame(found, columns=columns)
    return table.assign(ratio=table.modified / table.ordinary).sort_values(columns[:4])


def headline(table: pd.DataFrame) -> dict[str, dict[str, float | int]]:
    """Return, by network, the ratio modified / ordinary early on and at the last epoch.

    For each network, of the labels that the modified rule moves by a tenth or more until the end:
    ``labels``; ``early_low`` and ``early_high``, least and largest ratio up to epoch `EARLY`;
    ``end_low`` and ``end_high``, at the last epoch.
    """
    found = {}
    for network, of_network in table.groupby("network"):
        ends = of_network.groupby("modified_label").modified.agg(["first", "last"])
        moved = of_network[
            of_network.modified_label.isin(ends[ends["last"] < 0.9 * ends["first"]].index)
        ]
        early, end = moved[moved.epoch <= EARLY], moved[moved.epoch == moved.epoch.max()]
        found[str(network)] = {
            "labels": int(moved.modified_label.nunique()),
            "early_low": float(early.ratio.min()),
            "early_high": float(early.ratio.max()),
            "end_low": float(end.ratio.min()),
            "end_high": float(end.ratio.max()),
        }
    return found


if __name__ == "__main__":
    main()
