"""P4: on new inputs, with the scale divided out, is the modified rule's error lower?"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from stages.claims.intervals import HIGHER, LOWER, ratio
from stages.claims.sweeps.by_case import Compared, estimate
from stages.claims.sweeps.comparison import RULES
from stages.claims.verdict import COLLAPSED, SHRINKS, Evidence, Verdict, evidence, told
from stages.common import params

_HOW = {
    "at_equal_rates": "equal rates",
    "at_equal_first_updates": "equal first updates",
    "at_own_best_rates": "own best rates",
}
_LEAST_RUNS = 3  # of a case that is judged: an interval over two says next to nothing
_SHORT = {SHRINKS: "shrinks", COLLAPSED: "collapses", "": ""}
Settings = Mapping[str, Mapping[str, Any]]  # newdata.json


def judge(found: Settings, section: params.Claims, without: str = "") -> Verdict:
    """Judge P4 from newdata.json, on fresh data, each rule at its own best rate.

    At equal rates and at first updates of one length the rules are compared too, which is told and
    decides nothing, as is how much of the fall of the error is there on new inputs by how many
    inputs there are to train on; so are cases of one or two runs.

    Args:
        found: the settings by name.
        section: the thresholds.
        without: the networks whose cases are left out.
    """
    every = {_name(of): of for of in _on_fresh_batches(found)}
    fresh = {_name(of): of for of in _fresh(found)}
    natures = {name: _SHORT[_nature(of, section)] for name, of in every.items()}
    marked = {n: f"{n} ({nature})" if nature else n for n, nature in natures.items()}
    ratios = {marked[name]: estimate(of["at_own_best_rates"]) for name, of in fresh.items()}
    compared = Compared(ratios, section.least_effect)
    lower, higher = (len(compared.which(where)) for where in (LOWER, HIGHER))
    brief = f"lower in {lower}, higher in {higher} of {len(fresh)} cases"
    brief += f" without {without}" if without else ""
    text = told("P4", cases=_shown(every, natures), shares=shares(found))
    return Verdict.of(
        "P4", [compared.listed, brief], _rests_on(found, section), compared.ends, text
    )


def runs(found: Settings) -> int:
    """Return the least number of runs of the settings with fresh data that are judged."""
    return min((of["runs"] for of in _fresh(found)), default=0)


def shares(found: Settings) -> list[dict[str, float]]:
    """Return, by how many inputs a dimension there are, what share of the fall new inputs show.

    Returns:
        ``each``, inputs a dimension, and ``low`` and ``high``, the least and largest share of all
        widths, batch sizes and rules, where data come again.
    """
    groups: dict[float, list[float]] = defaultdict(list)
    for of in found.values():
        if of["data"] != "fresh":
            seen = [of[rule]["seen"]["share"] for rule in RULES if "seen" in of[rule]]
            groups[of["inputs"] / of["width"]] += seen
    return [
        {"each": each, "low": min(of_each), "high": max(of_each)}
        for each, of_each in sorted(groups.items())
        if of_each
    ]


def _name(of: Mapping[str, Any]) -> str:
    return str(of["setting"]).rsplit("_", 2)[0].replace("_at_length", "_long")


def _nature(of: Mapping[str, Any], section: params.Claims) -> str:
    rules = [of[rule] for rule in RULES if "spread_kept" in of[rule]]
    if "spread_kept" in of["modified"] and of["modified"]["spread_kept"] < section.collapsed_below:
        return COLLAPSED
    shrunk = [rule["relative_error"] >= section.shrinks_from for rule in rules]
    return SHRINKS if rules and all(shrunk) else ""


def _shown(fresh: Settings, natures: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: {
            "steps": of["steps"],
            "nature": natures[name],
            "ratios": {label: ratio(estimate(of[how])) for how, label in _HOW.items()},
            "rules": {rule: of[rule] for rule in RULES},
        }
        for name, of in fresh.items()
    }


def _rests_on(found: Settings, section: params.Claims) -> Evidence:
    steps = min(of["steps"] for of in _fresh(found))
    return evidence(runs(found), "run", section.least_runs, steps, section.least_steps)


def _fresh(found: Settings) -> list[Mapping[str, Any]]:
    """Return the settings that are judged: of three runs or more, if there are any."""
    every = _on_fresh_batches(found)
    return [of for of in every if of["runs"] >= _LEAST_RUNS] or every


def _on_fresh_batches(found: Settings) -> list[Mapping[str, Any]]:
    return [of for of in found.values() if of["data"] == "fresh"]
