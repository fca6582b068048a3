"""Stage trials: what became of the settings that answer a question each, on validation images.

Four groups of the search are no search for a recipe: leads towards f as one map (`one_map`), what
the corrector does beyond stopping the outer gradient (`attribution`), what others print (`printed`:
28 x 28 from white noise, and IGN by its re-implementations), and both rules at many weights
(`fair`, see `stages.generative.fair`). Networks are measured in both modes of BatchNorm; eval mode,
by one set of statistics for data and noise, is where f is a map of single images.
"""

import math

import numpy as np
import pandas as pd

from idem.figures.generative import prices
from stages.common import params
from stages.common.files import write_csv, write_figure, write_text
from stages.common.params import Search, Setting
from stages.generative import fair
from stages.generative.recipes import DIGITS, changes
from stages.text.estimates import in_figures, over_seeds
from stages.text.markdown import Table
from stages.text.render import render

MEASURES = {  # of the EMA weights, and how they are headed
    "eval_frechet_distance": "eval f(z)",
    "eval_frechet_distance_2": "eval f(f(z))",
    "eval_digits": "digits",
    "ema_frechet_distance": "train f(z)",
    "ema_frechet_distance_2": "train f(f(z))",
    "eval_relative_error": "relative error, eval",
    "eval_reconstruction_error": "reconstruction, eval",
}
DISTANCES = tuple(name for name in MEASURES if "distance" in name)
ALONG = (0.5, 0.75, 1.0)  # of the steps of a lead
LEADS = "one_map"


def main() -> None:
    """Write what all settings came to, errors at equal reconstruction, and a figure of these."""
    args = params.arguments("tables of the settings that answer a question each")
    everything = params.read(args.params, params.MNISTStudy)
    search, tables = everything.search, {}
    at_many_weights = params.choose(search.groups, "fair", "group")
    for group, tried in search.groups.items():
        if group not in search.ranked:
            rows = pd.read_csv(args.metrics / f"search_{group}.csv")
            tables[group] = described(rows, search, tried, everything.train.batch_size)
    write_csv(args.metrics / "trials.csv", pd.concat(tables, names=["group"]).reset_index(0))
    confidence = everything.claims.confidence
    pages = {
        group: leads(rows) if group == LEADS else summary(rows, confidence)
        for group, rows in tables.items()
    }
    write_text(args.metrics / "trials.md", render("trials", pages=pages))
    points = fair.points(tables["fair"], at_many_weights, search.models)
    write_csv(args.metrics / "fair.csv", fair.compared(points))
    write_figure(args.metrics / "figure_prices.png", prices.figure_prices(points))


def described(
    rows: pd.DataFrame, search: Search, tried: dict[str, Setting], batch_size: int
) -> pd.DataFrame:
    """Return what was measured, a row a setting, seed and step, behind what the setting changes.

    Args:
        rows: of one group, columns ``setting``, ``seed``, ``step`` and measurements.
        search: which models settings start from.
        tried: the group.
        batch_size: of settings that name none, nor their model.
    """
    words = {name: changes(setting) for name, setting in tried.items()}
    batches = {
        name: setting.batch_size or search.models[setting.of].batch_size or batch_size
        for name, setting in tried.items()
    }
    found = rows.reindex(columns=[*rows.columns, *(m for m in MEASURES if m not in rows)])
    found.insert(1, "of", found.setting.map({name: s.of for name, s in tried.items()}))
    found.insert(2, "changed", found.setting.map(words))
    found.insert(3, "batch_size", found.setting.map(batches))
    return found


def leads(rows: pd.DataFrame) -> Table:
    """Return a row a setting and seed: what was measured on the way, and at the last step."""
    head = ["setting", "changed", "batch", "seed", "steps", *MEASURES.values()]
    found = []
    for _, run in rows.groupby(["setting", "seed"], sort=False):
        at = [_nearest(run, fraction) for fraction in ALONG]
        first = run.iloc[0]
        cells = [first.setting, f"{first.of}: {first.changed}", first.batch_size, first.seed]
        cells += [" / ".join(f"{row.step}" for row in at)]
        cells += [" / ".join(_figure(row[name]) for row in at) for name in MEASURES]
        found.append([str(cell) for cell in cells])
    return Table(head, found)


def summary(rows: pd.DataFrame, confidence: float) -> Table:
    """Return a row a setting: means at the last step, of distances of their logarithms.

    With Student's intervals over seeds, where there are some.
    """
    head = ["setting", "changed", "batch", "seeds", "steps", *MEASURES.values()]
    found = []
    for _, of in rows.groupby("setting", sort=False):
        last = of[of.step == of.step.max()]
        first = last.iloc[0]
        cells = [first.setting, f"{first.of}: {first.changed}", first.batch_size]
        cells += [last.seed.nunique(), first.step]
        cells += [_over_seeds(last[name], name, confidence) for name in MEASURES]
        found.append([str(cell) for cell in cells])
    return Table(head, found)


def _over_seeds(values: pd.Series, name: str, confidence: float) -> str:
    most = DIGITS if "digits" in name else math.inf
    return in_figures(over_seeds(values, confidence, name in DISTANCES).within(0.0, most))


def _nearest(run: pd.DataFrame, fraction: float) -> pd.Series:
    """Return the measurement that is nearest to a fraction of the steps."""
    return run.loc[(run.step - fraction * run.step.max()).abs().idxmin()]


def _figure(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3g}"


if __name__ == "__main__":
    main()
