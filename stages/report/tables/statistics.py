"""The table of what networks are by what BatchNorm's statistics are of, in Markdown."""

import pandas as pd

from stages.report.tables.study import CONFIDENCE
from stages.text import markdown, names
from stages.text.estimates import in_figures, over_seeds

OF = {
    "each batch": "each batch (training mode)",
    "both": "data and noise (eval mode)",
    "noise": "noise alone",
    "data": "data alone",
}
MEASURED = {
    "frechet_distance": "f(z)",
    "frechet_distance_2": "f(f(z))",
    "relative_error": "relative error on noise",
    "reconstruction_error": "reconstruction error",
}


def statistics_table(table: pd.DataFrame) -> str:
    """Return a Markdown table, a row a model and kind of statistics: geometric means over seeds.

    Args:
        table: columns ``model``, ``seed``, ``statistics`` and those of `MEASURED`; a row a run.
    """
    rows = [
        [names.model(str(model)), OF[str(of)], *_cells(part)]
        for (model, of), part in table.groupby(["model", "statistics"], sort=False)
    ]
    return markdown.table(["model", "statistics of", *MEASURED.values()], rows) + "\n"


def _cells(runs: pd.DataFrame) -> list[str]:
    return [in_figures(over_seeds(runs[name], CONFIDENCE, on_logs=True)) for name in MEASURED]
