"""Stage claims: a verdict on every claim of the paper measured so far, from the numbers alone.

What counts as a difference, and how many runs a verdict takes, stands in params.yaml; with fewer
runs a verdict is called an indication. The rules are compared at the ``matched`` scale, run by run
(both saw the same start and the same data), in log10 of the final error.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from stages import params
from stages.aggregate import ERROR_FLOOR, best_rate, last_rows
from stages.files import write_json, write_text

REPRODUCED, NOT = "reproduced", "not reproduced"
CONVENTION, OPEN = "depends on a convention", "undecided"

# What the paper says: Table 1, and Figure 3's caption.
TABLE_1 = {"B1": 30, "B2": 238_600, "B3": 8_393_728, "B4": 4_509_456}
PAPER_EDGES = {"B3": 0.22, "B4": 0.52}
B2_WIDTH = 100
SHOWN = "averaged weights, BatchNorm in training mode"


@dataclass(frozen=True)
class Verdict:
    """One row of the ledger."""

    id: str
    claim: str
    verdict: str
    measured: str


def main() -> None:
    """Write the ledger as JSON, for `dvc metrics diff`, and as the table of the README."""
    args = params.arguments("judge the paper's claims")
    section = params.read(args.params).claims
    judge = Judge(args.metrics, section)
    ledger = [*judge.linear(), judge.cost(), *judge.sweeps(), judge.batch_sizes()]
    ledger += judge.generative()
    write_json(args.metrics / "claims.json", {v.id: {"verdict": v.verdict} for v in ledger})
    write_text(args.metrics / "claims.md", table(ledger))


def number(value: float | None) -> float:
    """Return a number of a metrics file, in which null stands for one that was not finite."""
    return math.nan if value is None else float(value)


def _infinite_if_null(value: float | None) -> float:
    return math.inf if value is None else value


def _factor(log10: float) -> str:
    return f"×{10**log10:.2g}" if math.isfinite(log10) else "one size diverges"


def table(ledger: list[Verdict]) -> str:
    """Return the ledger as a Markdown table."""
    rows = [f"| {v.id} | {v.claim} | **{v.verdict}** | {v.measured} |" for v in ledger]
    return "\n".join(["| | the paper | here | measured |", "|---|---|---|---|", *rows]) + "\n"


class Judge:
    """Reads the measurements and applies the rules of the section `claims`."""

    def __init__(self, folder: Path, section: params.Claims) -> None:
        self.folder, self.section = folder, section
        self.lanes = {n: last_rows(pd.read_csv(folder / f"sweep_{n}.csv")) for n in TABLE_1}
        self.sweep = {n: self._json(f"sweep_{n}") for n in TABLE_1}

    def linear(self) -> list[Verdict]:
        """Judge L1 to L5: stages derive and linear have the verdicts, these are their words."""
        derived, found = self._json("derive"), self._json("linear")
        oblique = [
            name
            for name in found["cases"]
            if name.startswith("oblique") and name.endswith("float64_gamma_1")
        ]
        worst = max(oblique, key=lambda name: number(found["cases"][name]["log10_floor"]))
        found["worst"] = found["cases"][worst] | {"norm": worst.split("_")[1]}
        return [
            Verdict(
                i,
                claim,
                found[i]["verdict"],
                "the numbers are in linear.json"
                if found[i]["verdict"] == NOT
                else words.format(derived=derived, **found),
            )
            for i, claim, words in LINEAR
        ]

    def cost(self) -> Verdict:
        """Judge T1: stage cost has the verdict, these are its words."""
        found = self._json("cost")
        claim = "the terms of the ordinary gradient grow exponentially with depth (1)"
        text = (
            "operations and bytes saved for the backward pass grow linearly with depth under both "
            "rules (largest exponent {T1[largest_exponent]:.2f}, to {largest_depth} layers; "
            "{counts_equal_to_exact} of {counts} counts equal the exact ones); ordinary costs "
            "×{T1[flops_ratio]:.2f} the operations and ×{T1[saved_bytes_ratio]:.2g} the bytes. "
            "Only the paths of a gradient that is multiplied out grow exponentially, and under "
            "both rules: reverse mode never lists them"
        )
        grows = found["T1"]["verdict"] != NOT
        measured = "the numbers are in cost.json" if grows else text.format(**found)
        return Verdict("T1", claim, found["T1"]["verdict"], measured)

    def sweeps(self) -> list[Verdict]:
        """Judge T2 to T6."""
        return [self._t2(), self._t3(), self._t4(), self._t5(), self._t6()]

    def batch_sizes(self) -> Verdict:
        """Judge T7, from the variants of the sweep that differ by nothing but the batch size."""
        fixed, best, runs, words = [], [], [], []
        for network, rules in self._json("variants")["T7"].items():
            for rule, measured in rules.items():
                if "spread" not in measured["at_best_rate"]:
                    continue
                rates = measured["at_fixed_rate"].values()
                spreads = [_infinite_if_null(rate["spread"]) for rate in rates if "spread" in rate]
                fixed.append(max(spreads, default=0.0))
                best.append(_infinite_if_null(measured["at_best_rate"]["spread"]))
                runs.append(measured["runs"])
                sizes = measured["batch_sizes"]
                words.append(
                    f"{network} {rule} (batch {min(sizes)} to {max(sizes)}, {runs[-1]} runs) "
                    f"{_factor(fixed[-1])}, {_factor(best[-1])}"
                )
        least = self.section.comparable
        comparable = sum(spread <= least for spread in best)
        verdict = NOT if best else OPEN
        if best and max(fixed) <= least:
            verdict = REPRODUCED
        elif comparable:
            verdict = f"in {comparable} of {len(best)} cases, if the rate is chosen anew"
        text = (
            "largest ratio of median errors between batch sizes, at the same rate (where not all "
            "diverge), and at the best rate of each: " + "; ".join(words)
        )
        claim = "batch sizes from 32 to 10 000 give comparable results (3)"
        return Verdict("T7", claim, self._marked(verdict, min(runs, default=0), "run"), text)

    def generative(self) -> list[Verdict]:
        """Judge G1 and G3, with averaged weights and BatchNorm in training mode."""
        found = self._json("generative_mnist")
        rules = {r: found[r]["averaged"]["train"] for r in ("modified", "ordinary", "none")}
        return [self._g1(rules, found["controls"]), self._g3(rules)]

    def difference(self, network: str, rates: dict[str, float]) -> tuple[float, float, float]:
        """Return mean and confidence limits over runs of log10(modified error / ordinary error).

        Not a number where a run diverged or the grid lacks a rate; limits need two runs.
        """
        lanes = self.lanes[network]
        errors = {
            rule: lanes[(lanes.rule == rule) & np.isclose(lanes.learning_rate, rate)]
            .set_index("run")
            .absolute_error.clip(lower=ERROR_FLOOR)
            for rule, rate in rates.items()
        }
        ratio = np.log10(errors["modified"]).sub(np.log10(errors["ordinary"])).to_numpy()
        if not len(ratio) or not np.isfinite(ratio).all():
            return math.nan, math.nan, math.nan
        if len(ratio) == 1:
            return float(ratio[0]), -math.inf, math.inf
        limits = stats.bootstrap(
            (ratio,),
            np.mean,
            confidence_level=self.section.confidence,
            n_resamples=self.section.resamples,
            method="percentile",
            rng=np.random.default_rng(0),
        ).confidence_interval
        return float(ratio.mean()), float(limits.low), float(limits.high)

    def compared(self, network: str, rates: dict[str, float]) -> tuple[str, str]:
        """Say in a word and in figures how the modified rule's error compares with ordinary."""
        mean, low, high = self.difference(network, rates)
        least = self.section.least_effect
        word = OPEN
        if high < -least:
            word = "lower"
        elif low > least:
            word = "higher"
        elif -least <= low and high <= least:
            word = "equal"
        if math.isnan(mean):
            return word, f"{network}: not measurable"
        interval = f" [{10**low:.2g}, {10**high:.2g}]" if math.isfinite(low) else ", one run"
        return word, f"{network}: ×{10**mean:.2g}{interval}"

    def _best(self, network: str) -> dict[str, pd.Series]:
        """Return the best rate of each rule, of those at which no run diverges if there are any."""
        best = {}
        for rule, lanes in self.lanes[network].groupby("rule"):
            safe = lanes[~lanes.groupby("learning_rate").diverged.transform("any")]
            best[str(rule)] = best_rate(safe if len(safe) else lanes)
        return best

    def _indicated(self, verdict: str, *networks: str) -> str:
        runs = min(self.lanes[n].run.nunique() for n in networks)
        return self._marked(verdict, runs, "run")

    def _marked(self, verdict: str, count: int, unit: str) -> str:
        """Mark a verdict from too few runs or seeds as what it is."""
        few = count < self.section.least_runs
        return f"{verdict} (indication: {count} {unit}{'s' * (count > 1)})" if few else verdict

    def _t2(self) -> Verdict:
        counts = {network: self.sweep[network]["parameters"] for network in TABLE_1}
        words = ", ".join(f"{n} {c:,}".replace(",", " ") for n, c in counts.items())
        verdict = REPRODUCED if counts == TABLE_1 else NOT
        return Verdict("T2", "parameter counts of Table 1", verdict, words)

    def _t3(self) -> Verdict:
        networks = ["B1", "B2"]
        best = {network: self._best(network) for network in networks}
        found = {
            n: self.compared(n, {rule: float(top.learning_rate) for rule, top in best[n].items()})
            for n in networks
        }
        lower = [n for n, (word, _) in found.items() if word == "lower"]
        undecided = [n for n, (word, _) in found.items() if word == OPEN]
        verdict = REPRODUCED if lower == networks else OPEN if undecided == networks else NOT
        if lower and lower != networks:
            rest = f", {OPEN} on {' and '.join(undecided)}" if undecided else " only"
            verdict = f"on {' and '.join(lower)}{rest}"
        elif undecided and verdict == NOT:
            verdict = OPEN
        spread = {rule: top.median_output_spread for rule, top in best["B1"].items()}
        text = (
            "modified / ordinary error, each at the best rate at which no run diverges "
            f"({self._best_rates(best)}), with interval over runs: "
            + "; ".join(figures for _, figures in found.values())
            + f". Output spread left on B1 there: modified {spread['modified']:.1g}, ordinary "
            f"{spread['ordinary']:.1g}"
        )
        claim = "the modified rule reaches lower absolute error (Figure 3; B1 and B2 here)"
        return Verdict("T3", claim, self._indicated(verdict, *networks), text)

    def _best_rates(self, best: dict[str, dict[str, pd.Series]]) -> str:
        """Name the best rates, and say which are at the end of the grid."""
        words = []
        for network, rules in best.items():
            end = self.lanes[network].learning_rate.max()
            rates = [
                f"{top.learning_rate:g}{', its end' if top.learning_rate == end else ''}"
                for top in rules.values()
            ]
            words.append(f"{network} {' and '.join(rates)}")
        return "; ".join(words)

    def _t4(self) -> Verdict:
        lowest = float(self.lanes["B2"].learning_rate.min())
        higher = lowest * B2_WIDTH / 2
        matched, figures = self.compared("B2", {"modified": lowest, "ordinary": lowest})
        raw, relabelled = self.compared("B2", {"modified": higher, "ordinary": lowest})
        verdict = REPRODUCED if matched == raw == "lower" else NOT
        if OPEN in (matched, raw):
            verdict = OPEN
        elif raw == "lower" and verdict == NOT:
            verdict = CONVENTION
        text = (
            f"modified / ordinary error at rate {lowest:g}, both rules at the matched scale: "
            f"{figures}. If the loss is the mean-squared error and the rule is not divided by the "
            f"width, the same label means a {higher / lowest:g} times higher rate for the rule: "
            f"{relabelled}"
        )
        claim = "it does so at lower learning rates (Figure 4; B2 here)"
        return Verdict("T4", claim, self._indicated(verdict, "B2"), text)

    def _t5(self) -> Verdict:
        found, words, outcomes = self._json("stability"), [], []
        for network, edge in PAPER_EDGES.items():
            brackets = {
                rule: (
                    number(found[network][rule]["largest_stable_rate"]),
                    number(found[network][rule]["lowest_unstable_rate"]),
                )
                for rule in ("modified", "ordinary")
            }
            lows, highs = zip(*brackets.values(), strict=True)
            below = all(high <= edge for high in highs)  # false for NaN
            outcomes.append(False if max(lows) > edge else True if below else None)
            shown = ", ".join(
                f"{rule} {low:g} and {f'{high:g}' if math.isfinite(high) else 'none tried'}"
                for rule, (low, high) in brackets.items()
            )
            one, fresh = (found[network][key] for key in ("marchenko_pastur", "one_layer_fresh"))
            words.append(
                f"{network}, {found[network]['steps']} steps: {shown} (paper {edge:g}; one linear "
                f"layer would stop at {one:.2f} on one batch, at {fresh:.2f} on fresh ones)"
            )
        verdict = NOT if False in outcomes else OPEN if None in outcomes else REPRODUCED
        claim = "no run improves above a rate of 0.22 on B3 and 0.52 on B4 (Figure 3)"
        text = "highest rate at which runs improve and the next tried, at which they do not: "
        text += "; ".join(words)
        return Verdict("T5", claim, self._marked(verdict, 1, "run"), text)

    def _t6(self) -> Verdict:
        lanes = self.lanes["B1"]
        below = lanes[(lanes.absolute_error < self.section.near_zero) & lanes.improved]
        counts = {rule: int((below.rule == rule).sum()) for rule in ("modified", "ordinary")}
        each = len(lanes) // 2
        verdict = REPRODUCED if counts["modified"] else NOT
        text = f"below {self.section.near_zero:g}: " + ", ".join(
            f"{count} of {each} {rule} lanes" for rule, count in counts.items()
        )
        claim = "some B1 runs of the modified rule reach about 0 (Figure 3)"
        return Verdict("T6", claim, self._indicated(verdict, "B1"), text)

    def _g1(self, rules: dict[str, Any], controls: dict[str, Any]) -> Verdict:
        seeds = rules["modified"]["seeds"].values()
        others = {
            "real images": controls["real"],
            "ordinary": rules["ordinary"],
            "reconstruction only": rules["none"],
            "raw noise": controls["raw_noise"],
        }
        distances = [number(seed["frechet_distance"]) for seed in seeds]
        bars = [number(other["frechet_distance"]) for other in others.values()]
        text = (
            f"{SHOWN}: classifier Fréchet distance, by seed, "
            + ", ".join(f"{d:.3g}" for d in distances)
            + f" ({', '.join(f'{n} {b:.3g}' for n, b in zip(others, bars, strict=True))}); "
            f"digits among the samples, by seed, {', '.join(str(s['digits']) for s in seeds)} of 10"
        )
        verdict = REPRODUCED if max(distances) < min(bars[1:]) else NOT
        claim = "a U-DCGAN trained with reconstruction and the rule generates MNIST digits (3.1)"
        return Verdict("G1", claim, self._marked(verdict, len(distances), "seed"), text)

    def _g3(self, rules: dict[str, Any]) -> Verdict:
        errors = {
            kind: {rule: number(found[f"{kind}_relative_error"]) for rule, found in rules.items()}
            for kind in ("noise", "data")
        }
        effects = [math.log10(e["modified"] / e["ordinary"]) for e in errors.values()]
        verdict = REPRODUCED if max(effects) < -self.section.least_effect else NOT
        verdict = verdict if all(map(math.isfinite, effects)) else OPEN
        shown = [
            f"{e['modified']:.2g} against {e['ordinary']:.2g} on {kind} "
            f"(without any rule {e['none']:.2g})"
            for kind, e in errors.items()
        ]
        text = (
            f"{SHOWN}: relative error, modified against ordinary at its own weight, "
            + "; ".join(shown)
        )
        claim = "significant improvement in idempotent error for convolutional networks (abstract)"
        count = len(rules["modified"]["seeds"])
        return Verdict("G3", claim, self._marked(verdict, count, "seed"), text)

    def _json(self, name: str) -> dict[str, Any]:
        return json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))


# Each with the claim, and its measurements: names of values in linear.json, or derived from
# derive.json.
LINEAR = [
    (
        "L1",
        "ansatz: no solution of degree 2, one of degree 3, families above (2.1)",
        "{derived[families][equal_to_closed_form]} of {derived[families][found]} families equal "
        "their closed form; the paper leaves out the branch g(1) = 0, not zero from degree "
        "{derived[L1][zero_branch_not_zero_from_degree]}",
    ),
    (
        "L2",
        "fixed points are diagonalisable, eigenvalues 0, ½, 1 (2.2, B)",
        "so they are; but by the size of Jordan blocks, not by multiplicity: the identity is fixed",
    ),
    (
        "L3",
        "½ repels, 0 and 1 attract, for 0 ≤ γ < 1 (1, 2.2)",
        "for 0 < γ < 2 (tried to {L3[largest_gamma_tried]}); it is the manifold that attracts: "
        "{L3[tangential_directions_at_rank_2_of_5]} neutral directions at rank 2 of 5",
    ),
    (
        "L4",
        "matrices far from idempotent reach machine precision (2.2)",
        "relative residual 10^{L4[log10_floor_by_dtype][float64]:.1f} for symmetric matrices, but "
        "10^{worst[log10_floor]:.1f} where ‖P‖ = {worst[norm]}; normal matrices with eigenvalues "
        "in discs around 0 and 1 converge for radius {L4[largest_safe_radius]}, not for "
        "{L4[least_unsafe_radius]}; share of the converging random matrices that go to zero: "
        "{L4[share_of_converging_ginibre_with_rank_0]:.2f}",
    ),
    (
        "L5",
        "for one linear layer the rule is the recurrence (1, 2.3)",
        "difference of one step 10^{L5[log10_largest_difference]:.1f}",
    ),
]


if __name__ == "__main__":
    main()
