"""Q2, which the paper leaves open: is f a projection around its samples, and where do codes lie?

Of every model trained with a rule, in either mode of BatchNorm, and with intervals over seeds:

- is ‖J² − J‖ / ‖J‖ at f(z) at most `projection_below`? At a fixed point of an idempotent map it is
  0, as the Jacobian J is a projection there;
- is it lower by `least_effect` than that of every model trained without a rule?
- where it was measured: is ‖J(f(y)) J(y) − J(y)‖ / ‖J(y)‖ at y = f(z), which is 0 wherever an
  idempotent map is smooth, whether at a fixed point or not, at most that, and is it lower than
  without a rule?
- does f bring codes of noise nearer to those of data than such models do, in units of the distance
  of the codes of noise?

Comparisons with models without a rule are not run where none was trained. Numbers are compared in
log10; seeds of all models scatter alike, so that their variances are pooled.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd

from stages.claims import intervals
from stages.claims.generative.readings import MODES
from stages.claims.intervals import HIGHER, LOWER
from stages.claims.verdict import NOT_RUN, OPEN, Verdict, evidence, told
from stages.common import params
from stages.text import names

UNTRAINED = "untrained"
ASKED = {
    "projection": "projection around samples",
    "departure": "nearer to one than without a rule",
    "composes": "J(f(y)) J(y) = J(y)",
    "composition": "nearer to that than without a rule",
    "distance": "codes nearer to the data's than without a rule",
}
Answers = Mapping[tuple[str, str], str]  # by mode and model
ByModel = dict[str, str]
Tables = Mapping[str, Mapping[str, pd.DataFrame]]  # of log10, by mode and what was measured


def judge(
    jacobians: pd.DataFrame, clouds: pd.DataFrame, rules: Mapping[str, str], section: params.Judging
) -> Verdict:
    """Answer Q2 from the tables of stage latent.

    Args:
        jacobians: columns ``model``, ``seed``, ``mode``, ``application`` and ``departure``.
        clouds: columns ``model``, ``seed``, ``mode``, ``kind`` of images and ``distance``.
        rules: of every model but the untrained one.
        section: the thresholds.
    """
    at_samples = jacobians[jacobians.application == 1]
    found = {
        mode: {
            **_of_jacobians(at_samples[at_samples["mode"] == mode]),
            "distance": _moved(clouds[clouds["mode"] == mode]),
        }
        for mode in MODES
    }
    whether = {"projection": "departure", "composes": "composition"}
    asked: dict[str, Answers] = {
        **{
            q: _each(found, w, lambda t: projects(t, rules, section))
            for q, w in whether.items()
            if w in found["eval"]
        },
        **{w: _each(found, w, lambda t: beyond_controls(t, rules, section)) for w in found["eval"]},
    }
    seeds = int(at_samples[at_samples.model != UNTRAINED].groupby("model").seed.nunique().min())
    rests = evidence(seeds, "seed", section.least_runs)
    words = "; ".join(f"{ASKED[what]}: {_by_word(of)}" for what, of in asked.items())
    brief = in_brief(asked["projection"].values())
    shown = {mode: _shown(of, rules, section) for mode, of in found.items()}
    text = told("Q2", modes=MODES, shown=shown)
    return Verdict.of("Q2", [words, brief], rests, _ours(found), text)


def in_brief(answers: Iterable[str]) -> str:
    """Return one answer for all models: no if one is surely not a projection and none surely is.

    Which of the others few seeds leave undecided differs from one kind of CPU to another.
    """
    found = set(answers)
    if "no" in found and "yes" not in found:
        return "no"
    return " or ".join(word for word in ("yes", "no", OPEN) if word in found)


def projects(table: pd.DataFrame, rules: Mapping[str, str], section: params.Judging) -> ByModel:
    """Say of every model with a rule whether f is a projection around its samples.

    Args:
        table: log10 of the departure from one, a column a model, a row a seed.
        rules: of the models.
        section: the thresholds.
    """
    limit = np.log10(section.projection_below)
    means = intervals.of_means(table[list(rules)], section.confidence)
    words = {LOWER: "yes", HIGHER: "no"}
    return {
        str(name): words.get(intervals.word(of.low - limit, of.high - limit, 0.0), OPEN)
        for name, of in means.iterrows()
        if rules[str(name)] != "none"
    }


def beyond_controls(
    table: pd.DataFrame, rules: Mapping[str, str], section: params.Judging
) -> ByModel:
    """Say of every model with a rule whether a number is lower than that of all without one.

    It is not where that of one such model is as low or lower.

    Args:
        table: log10 of the number, a column a model, a row a seed.
        rules: of the models.
        section: the thresholds.
    """
    controls = [name for name, rule in rules.items() if rule == "none"]
    ruled = table[[name for name, rule in rules.items() if rule != "none"]]
    found = {
        control: intervals.of_means(ruled.sub(table[control], axis=0), section.confidence)
        for control in controls
    }
    least = section.least_effect
    return {
        str(name): _beyond([found[c].loc[name] for c in controls], least) for name in ruled.columns
    }


def _beyond(differences: list[pd.Series], least: float) -> str:
    if not differences:
        return NOT_RUN
    if all(of.high < -least for of in differences):
        return "yes"
    return "no" if any(of.low > -least for of in differences) else OPEN


def _by_model(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return log10 of a measurement, a column a model and a row a seed."""
    return rows.pivot(index="seed", columns="model", values=measure).apply(intervals.log10)


def _of_jacobians(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return log10 of what Jacobians miss, by what they miss, as far as it was measured."""
    return {w: _by_model(rows, w) for w in ("departure", "composition") if w in rows}


def _moved(clouds: pd.DataFrame) -> pd.DataFrame:
    """Return log10 of the distance of codes of f(z) from the data's, over that of codes of z."""
    of_kind = {kind: rows for kind, rows in clouds.groupby("kind")}
    return _by_model(of_kind["f(z)"], "distance") - _by_model(of_kind["noise"], "distance")


def _each(found: Tables, what: str, answer: Callable[[pd.DataFrame], ByModel]) -> Answers:
    """Return the answers to a question by mode and model."""
    return {(m, name): word for m, of in found.items() for name, word in answer(of[what]).items()}


def _by_word(answers: Answers) -> str:
    """Return the answer that all models have in either mode, or which have which."""
    by_mode = {mode: {n: w for (m, n), w in answers.items() if m == mode} for mode in MODES}
    listed = {mode: _of_mode(of) for mode, of in by_mode.items()}
    if len(set(listed.values())) == 1:
        return next(iter(listed.values()))
    return ", ".join(f"in {MODES[mode]} {words}" for mode, words in listed.items())


def _of_mode(answers: Mapping[str, str]) -> str:
    words = dict.fromkeys(answers.values())
    if len(words) == 1:
        return next(iter(words))
    models = {word: [n for n, of_model in answers.items() if of_model == word] for word in words}
    return ", ".join(f"{w} ({', '.join(map(names.model, of))})" for w, of in models.items())


def _shown(
    found: Mapping[str, pd.DataFrame], rules: Mapping[str, str], section: params.Judging
) -> dict[str, dict[str, str]]:
    """Return all that is compared with intervals, model by model; the untrained one has none."""
    shown: dict[str, dict[str, str]] = {}
    for what, table in found.items():
        means = intervals.of_means(table[list(rules)], section.confidence)
        for name, of in means.iterrows():
            figures = intervals.ratio((of["mean"], of.low, of.high)).removeprefix("×")
            shown.setdefault(names.model(name), {})[what] = figures
        shown.setdefault(UNTRAINED, {})[what] = f"{10 ** table[UNTRAINED].mean():.2g}"
    return shown


def _ours(found: Tables) -> str:
    """Return between what the models lie, in either mode, and the untrained one in eval mode."""
    parts = []
    for mode, tables in found.items():
        means = 10 ** tables["departure"].drop(columns=UNTRAINED, errors="ignore").mean()
        parts.append(f"{means.min():.2g} to {means.max():.2g} ({mode})")
    return f"‖J² − J‖ / ‖J‖ {', '.join(parts)}"
