"""P1 to P3: the authors' published curves, what of the rules' difference they show, and on what.

The thresholds of P1 were fixed before the runs, those of P3 with the first results in view; that
each rule is judged alone in P1 came after them. The lines are those of one fixed batch a run.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from stages.claims.verdict import (
    CONVENTION,
    NOT,
    NOT_RUN,
    OPEN,
    REPRODUCED,
    Evidence,
    Verdict,
    evidence,
    of_networks,
    told,
)
from stages.common import params
from stages.text.numbers import plain

Lines = Mapping[str, Mapping[str, Any]]  # by data: published_NETWORK.json


def judge(
    lines: Mapping[str, Lines], matched: Mapping[str, Mapping[str, float]], section: params.Claims
) -> list[Verdict]:
    """Judge P1, P2 and P3.

    Args:
        lines: by network, what `stages.published.beside.headline` says.
        matched: by network, what `stages.published.matched.headline` says.
        section: the thresholds.
    """
    return [curves(lines, section), at_equal_rates(matched, section), new_inputs(lines, section)]


def curves(lines: Mapping[str, Lines], section: params.Claims, *, fitted: bool = False) -> Verdict:
    """Judge P1: do our lines on a fixed batch lie on the published ones, under each rule?

    So that a rule under which a network has hardly moved does not make up for the other.

    Args:
        lines: by network, what `stages.published.beside.headline` says.
        section: the thresholds.
        fitted: whether what was trained was fitted to the published lines.
    """
    panels = {
        (rule, network): of
        for network, of_network in lines.items()
        for rule, of in of_network["fixed"]["rules"].items()
        if of["median_deviation"] is not None
    }
    if not panels:  # no logged epoch is one that is printed
        return Verdict("P1", NOT_RUN, "–", "no published epoch was logged")
    missed = [panel for panel, of in panels.items() if not _hit(panel[1], of, section)]
    wordings = [NOT if missed else REPRODUCED]
    if 0 < len(missed) < len(panels):
        names = " and ".join(f"{rule} on {network}" for rule, network in missed)
        wordings = [f"{REPRODUCED} but for {names}"]
        if len(missed) > 1:
            hit = len(panels) - len(missed)
            wordings.append(f"{REPRODUCED} in {hit} of {len(panels)} cases")
    if fitted:
        wordings = [f"{wording}, fitted" for wording in wordings]
    by_rule: dict[str, list[str]] = {}
    for (rule, network), of in panels.items():
        words = f"{network} {_percent(of['median_deviation'])}"
        by_rule.setdefault(rule, []).append(words)
    ours = "; ".join(f"{rule}: {', '.join(words)}" for rule, words in by_rule.items())
    text = told("P1", networks=lines)
    return Verdict.of("P1", wordings, _rests_on(lines, section), ours, text, list(lines))


def _hit(network: str, of: Mapping[str, Any], section: params.Claims) -> bool:
    return (
        of["median_deviation"] <= section.published_median[network]
        and of["largest_deviation"] <= section.published_largest
    )


def at_equal_rates(matched: Mapping[str, Mapping[str, float]], section: params.Claims) -> Verdict:
    """Judge P2 from the authors' own lines: are the rules apart where their steps are equal?"""
    every = [math.log10(of[f"early_{end}"]) for of in matched.values() for end in ("low", "high")]
    verdict = OPEN
    if max(map(abs, every)) <= section.least_effect:
        verdict = CONVENTION
    elif max(every) < -section.least_effect:
        verdict = REPRODUCED
    ends = f"×{10 ** min(every):.2f} to ×{10 ** max(every):.2f}"
    ours = f"their lines at equal steps: {ends} to epoch 200"
    return Verdict.of("P2", [verdict], Evidence(), ours, told("P2", networks=matched))


def new_inputs(lines: Mapping[str, Lines], section: params.Claims) -> Verdict:
    """Answer P3: how much of the fall of the error on the trained batch is there on new inputs?"""
    falls = {
        network: [of["fixed"]["rules"]["modified"][f"{name}_fell"] for name in ("trained", "new")]
        for network, of in lines.items()
    }
    answers = {network: _holds(*fell, section) for network, fell in falls.items()}
    words = ", ".join(f"{answer} on {network}" for network, answer in answers.items())
    short = ", ".join(f"{network} {answer}" for network, answer in answers.items())
    shown = {network: _whole(of) for network, of in lines.items()}
    fresh = {n: of["fresh"]["rules"]["modified"] for n, of in shown.items() if "fresh" in of}
    fresh = {n: of for n, of in fresh.items() if of["runs"] >= runs(lines[n])}
    falls |= {n: [*falls[n], of["trained_fell"]] for n, of in fresh.items()}
    of_each = (f"{n} ÷{'/'.join(plain(by, 2) for by in fell)}" for n, fell in falls.items())
    ours = f"trained/new{'/fresh' if fresh else ''}: {'; '.join(of_each)}"
    text = told("P3", networks=shown)
    return Verdict.of("P3", [words, short], _rests_on(lines, section), ours, text, list(lines))


def _whole(lines: Lines) -> Lines:
    """Return the lines of a network, without those on fresh batches unless both rules end alike."""
    ends = [[of["epochs"] for of in of_data["rules"].values()] for of_data in lines.values()]
    alike = len({tuple(of_data) for of_data in ends}) == 1
    return lines if alike else {"fixed": lines["fixed"]}


def _holds(trained: float, new: float, section: params.Claims) -> str:
    """Say how much of a fall holds on new inputs, by the part of its logarithm that is there."""
    if math.log10(trained) <= section.least_effect:
        return OPEN
    part = math.log(new) / math.log(trained)
    if part >= section.holds_from:
        return "as far"
    bound = f"{section.memorised_below:.0%} as far"
    return f"under {bound}" if part <= section.memorised_below else f"over {bound}"


def runs(*networks: Lines) -> int:
    """Return the runs of the line of which there are fewest."""
    return min(of["runs"] for of in _every_rule(networks))


def _rests_on(lines: Mapping[str, Lines], section: params.Claims) -> Evidence:
    return of_networks({network: _lacks(of, section) for network, of in lines.items()})


def _lacks(network: Lines, section: params.Claims) -> Evidence:
    steps = min(of["epochs"] for of in _every_rule([network]))
    return evidence(runs(network), "run", section.least_runs, steps, section.least_steps)


def _every_rule(networks: Iterable[Lines]) -> list[Mapping[str, Any]]:
    return [of_rule for of in networks for of_rule in of["fixed"]["rules"].values()]


def _percent(deviation: float) -> str:
    return f"{100 * (deviation - 1):.1f} %"
