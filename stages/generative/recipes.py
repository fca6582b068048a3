"""Stage recipes: compare all settings that were tried, and say which of each kind is best.

The criterion, on validation images alone: over the second half of the training, the EMA weights of
a good setting show all ten digits at every measurement, and their Fréchet distance has the least
geometric mean. What a setting reaches for a moment counts for nothing. Only settings of as many
steps are ranked, and those of others listed.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import gmean

from idem.figures.generative import settings
from stages.common import params
from stages.common.files import write_csv, write_figure, write_json, write_text
from stages.common.params import Search
from stages.text.render import render

DIGITS = 10
SHORT = {
    "learning_rate": "rate",
    "learning_rate_schedule": "schedule",
    "max_gradient_norm": "clipped at",
    "ema_decay": "average",
    "data_noise": "data noise",
    "batch_size": "batch",
    "code_normalization": "code",
    "code_group": "groups of",
    "normalization": "image layers",
}
HEAD = {
    "setting": "setting",
    "changed": "changed",
    "seeds": "seeds",
    "steps": "steps",
    "distance": "distance, second half",
    "last_distance": "last",
    "raw_distance": "raw weights",
    "fewest_digits": "fewest digits",
    "last_digits": "last",
    "relative_error": "relative error",
}


def main() -> None:
    """Write the table of all settings, as CSV and Markdown, the best of each kind, and a figure."""
    args = params.arguments("compare all settings")
    section = params.read(args.params, params.MNISTStudy).search
    found = pd.concat(_summaries(section, args.metrics), ignore_index=True)
    order = ["of", "steps", "steady", "distance"]
    found = found.sort_values(order, ascending=[True, True, False, True])
    write_csv(args.metrics / "settings.csv", found)
    alike = found[found.steps == section.steps]
    write_json(args.metrics / "recipes.json", best(alike))
    write_text(args.metrics / "settings.md", words(found))
    write_figure(args.metrics / "figure_settings.png", settings.figure_settings(alike))


def _summaries(section: Search, metrics: Path) -> list[pd.DataFrame]:
    tables = []
    for name in section.ranked:
        tried = section.groups[name]
        rows = pd.read_csv(metrics / f"search_{name}.csv")
        summary = summarize(rows).assign(group=name)
        summary["of"] = [tried[setting].of for setting in summary.setting]
        summary["added"] = [
            added(section.models[tried[name].of], tried[name]) for name in summary.setting
        ]
        summary["changed"] = [changes(tried[setting]) for setting in summary.setting]
        tables.append(summary)
    return tables


def summarize(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per setting: the second half of the training, and the end.

    Args:
        rows: columns ``setting``, ``seed``, ``step`` and what a validation measures; what is
            missing, as of a run that broke off, counts as no digits at an infinite distance.
            Distances are geometric means over seeds too, digits the fewest with any seed.
    """
    rows = rows.assign(
        ema_digits=rows.ema_digits.fillna(0),
        ema_frechet_distance=rows.ema_frechet_distance.fillna(np.inf),
    )
    steps = rows.groupby("setting").step.transform("max")
    late, last = rows[rows.step > steps / 2], rows[rows.step == steps]
    halves, ends = late.groupby("setting", sort=False), last.groupby("setting", sort=False)
    summary = pd.DataFrame(
        {
            "seeds": ends.seed.nunique(),
            "steps": ends.step.max(),
            "distance": halves.ema_frechet_distance.agg(gmean),
            "last_distance": ends.ema_frechet_distance.agg(gmean),
            "raw_distance": halves.raw_frechet_distance.agg(gmean),
            "fewest_digits": halves.ema_digits.min(),
            "last_digits": ends.ema_digits.min(),
            "relative_error": ends.ema_relative_error.mean(),
        }
    )
    summary["steady"] = summary.fewest_digits == DIGITS
    return summary.reset_index()


def best(found: pd.DataFrame) -> dict[str, dict]:
    """Return the best setting of each model by the criterion, steady ones before all others."""
    ranked = found.sort_values(["steady", "distance"], ascending=[False, True])
    first = ranked.groupby("of").head(1).set_index("of")
    kept = ["setting", "changed", "distance", "last_distance", "fewest_digits", "steady"]
    tried = found.groupby("of").size()
    return {
        model: {"tried": int(tried[model])} | first.loc[model, kept].to_dict()
        for model in tried.index
    }


def words(found: pd.DataFrame) -> str:
    """Return the table of all settings as a page."""
    tables = {
        model: [_line(row) for row in rows[list(HEAD)].to_dict(orient="records")]
        for model, rows in found.groupby("of")
    }
    return render("settings", count=len(found), head=list(HEAD.values()), tables=tables)


def _line(row: dict) -> list[str]:
    return [f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values()]


def changes(setting: params.Setting) -> str:
    """Return what a setting changes in words; "as it is" for the model itself."""
    given = setting.given()
    seeds = given.pop("seeds", [])
    words = [f"{SHORT.get(k, k)} {_shown(v)}" for k, v in given.items()]
    words += [f"{len(seeds)} seeds"] if seeds else []
    return ", ".join(words) or "as it is"


def added(model: params.Model, setting: params.Setting) -> str:
    """Return what a setting has that the paper's training lacks; "nothing" if it lacks it too."""
    own = model.model_dump() | setting.given()
    tight = own["tightness"] and own["tightness"]["weight"] and own["rule"] != "ign"
    there = {
        "code": own["code_normalization"] == "decorrelated",
        "noise": own["data_noise"] > 0,
        "tightness": tight,
    }
    return " + ".join(word for word, has in there.items() if has) or "nothing"


def _shown(value: object) -> str:
    if isinstance(value, dict):  # of tightness
        free = value["weight"] and value["clamp"] is None
        return f"{value['weight']:g}{' without clamp' if free else ''}"
    if isinstance(value, list):
        return "(" + ", ".join(map(_shown, value)) + ")"
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
