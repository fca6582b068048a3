"""What one batch for all steps hides: the error on it, on new inputs, and on fresh batches."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from idem.figures.style import RULE_NAMES, RULE_STYLES, WIDTH, counted, legend, logarithmic, themed
from idem.figures.sweep import ERROR

_KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "on one batch: trained": ("fixed", "error", {"linestyle": "-"}),
    "on one batch: new inputs": ("fixed", "new_error", {"linestyle": (0, (4, 1.5))}),
    "on fresh batches": ("fresh", "error", {"linestyle": ":", "markersize": 4}),
}


@themed
def figure_batches(lines: pd.DataFrame) -> Figure:
    """Draw the error by epoch in training on one batch, there and on new inputs, and on fresh ones.

    A panel a network, a colour a rule, each at the highest label at which it has both kinds of
    training; marks are on fresh batches alone.

    Args:
        lines: columns ``network``, ``data`` (fixed or fresh), ``rule``, ``label``, ``epoch``,
            ``runs``, ``error`` and ``new_error`` (on inputs that were not trained on), as
            `both_ways` returns them.
    """
    networks = list(dict.fromkeys(lines.network))
    figure = Figure(figsize=(WIDTH, 2.9), layout="constrained")
    panels = figure.subplots(1, len(networks), squeeze=False)[0]
    for axes, (network, of) in zip(panels, lines.groupby("network", sort=False), strict=True):
        logarithmic(axes)
        shown, runs = [], {}
        for rule, of_rule in of.groupby("rule"):
            label, own = _highest(of_rule)
            shown.append(f"{rule} {label:g}")
            runs |= {data: int(of_data.runs.min()) for data, of_data in own.groupby("data")}
            for data, column, look in _KINDS.values():
                line = own[(own.data == data) & (own.epoch > 0)].sort_values("epoch")
                marker = RULE_STYLES[str(rule)]["marker"] if data == "fresh" else ""
                style = {"color": RULE_STYLES[str(rule)]["color"], "marker": marker}
                axes.plot(line.epoch, line[column], **style, **look)
        words = counted(runs["fixed"], "run")
        words += f", fresh: {runs['fresh']}" if runs["fresh"] != runs["fixed"] else ""
        axes.set(title=f"{network} ({words})\n{', '.join(shown)}", xlabel="epoch (steps)")
    panels[0].set_ylabel(ERROR)
    rules = {RULE_NAMES[of]: look | {"linestyle": ""} for of, look in RULE_STYLES.items()}
    kinds = {words: look for words, (_, _, look) in _KINDS.items()}
    legend(figure, (), rules | kinds, columns=3)
    return figure


def both_ways(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of labels that end on one batch and on fresh ones at one last epoch."""
    last = lines.epoch.max()
    ended = lines[lines.epoch == last].groupby(["rule", "label"]).data.nunique() == 2
    places = pd.MultiIndex.from_frame(lines[["rule", "label"]])
    return lines[places.isin(ended.index[ended])]


def _highest(lines: pd.DataFrame) -> tuple[float, pd.DataFrame]:
    label = lines.label.max()
    return label, lines[lines.label == label]
