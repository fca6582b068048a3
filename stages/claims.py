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

from idem.mlp import TABLE_1, parameter_count
from stages import params
from stages.files import write_json, write_text
from stages.sweep import ERROR_FLOOR, last_rows, summarize

REPRODUCED, NOT = "reproduced", "not reproduced"
CONVENTION, OPEN = "depends on a convention", "undecided"


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
    ledger = [*judge.linear(), *judge.sweeps(), *judge.generative()]
    write_json(args.metrics / "claims.json", {v.id: {"verdict": v.verdict} for v in ledger})
    write_text(args.metrics / "claims.md", table(ledger))


def table(ledger: list[Verdict]) -> str:
    """Return the ledger as a Markdown table."""
    rows = [f"| {v.id} | {v.claim} | **{v.verdict}** | {v.measured} |" for v in ledger]
    return "\n".join(["| | the paper | here | measured |", "|---|---|---|---|", *rows]) + "\n"


class Judge:
    """Reads the measurements and applies the rules of the section `claims`."""

    def __init__(self, folder: Path, section: params.Claims) -> None:
        self.folder, self.section = folder, section
        self.lanes = {n: last_rows(pd.read_csv(folder / f"sweep_{n}.csv")) for n in TABLE_1}

    def linear(self) -> list[Verdict]:
        """Judge L1 to L5: stages derive and linear have the verdicts, these are their words."""
        found = self._json("derive") | self._json("linear")
        return [
            Verdict(i, claim, found[i]["verdict"], words.format(**found))
            for i, claim, words in LINEAR
        ]

    def sweeps(self) -> list[Verdict]:
        """Judge T2 to T6."""
        return [self._t2(), self._t3(), self._t4(), self._t5(), self._t6()]

    def generative(self) -> list[Verdict]:
        """Judge G1 and G3, with averaged weights and BatchNorm in training mode."""
        found = self._json("generative_mnist")
        rules = {r: found[r]["averaged"]["train"] for r in ("modified", "ordinary", "none")}
        return [self._g1(rules, found["controls"]), self._g3(rules)]

    def difference(self, network: str, rates: dict[str, float]) -> tuple[float, float, float]:
        """Return mean and confidence limits over runs of log10(modified error / ordinary error)."""
        lanes = self.lanes[network]
        errors = {
            rule: lanes[(lanes.rule == rule) & np.isclose(lanes.learning_rate, rate)]
            .set_index("run")
            .absolute_error.clip(lower=ERROR_FLOOR)
            for rule, rate in rates.items()
        }
        ratio = np.log10(errors["modified"] / errors["ordinary"]).dropna().to_numpy()
        if len(ratio) < 2:
            return float(ratio.mean()), -math.inf, math.inf
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
        interval = f" [{10**low:.2g}, {10**high:.2g}]" if math.isfinite(low) else ", one run"
        return word, f"{network}: ×{10**mean:.2g}{interval}"

    def _best_rates(self, network: str) -> dict[str, float]:
        rates = {}
        for rule, lanes in self.lanes[network].groupby("rule"):
            summary = summarize(lanes)
            error = summary.median_error.clip(lower=ERROR_FLOOR)
            rates[str(rule)] = float(summary.learning_rate[error.idxmin()])
        return rates

    def _indicated(self, verdict: str, *networks: str) -> str:
        runs = min(self.lanes[n].run.nunique() for n in networks)
        few = runs < self.section.least_runs
        return f"{verdict} (indication: {runs} run{'s' * (runs > 1)})" if few else verdict

    def _t2(self) -> Verdict:
        counts = {name: parameter_count(widths) for name, widths in TABLE_1.items()}
        same = counts == {"B1": 30, "B2": 238_600, "B3": 8_393_728, "B4": 4_509_456}
        words = ", ".join(f"{n} {c:,}".replace(",", " ") for n, c in counts.items())
        return Verdict("T2", "parameter counts of Table 1", REPRODUCED if same else NOT, words)

    def _t3(self) -> Verdict:
        networks = ["B1", "B2"]
        found = [self.compared(n, self._best_rates(n)) for n in networks]
        words = [word for word, _ in found]
        verdict = REPRODUCED if set(words) == {"lower"} else NOT
        lower = [n for n, word in zip(networks, words, strict=True) if word == "lower"]
        if lower and verdict == NOT:
            verdict = f"on {' and '.join(lower)} only"
        spread = self.lanes["B1"].groupby("rule").output_spread.median()
        text = (
            "modified / ordinary error, each at its best rate, with interval over runs: "
            + "; ".join(figures for _, figures in found)
            + f". Median output spread left on B1: modified {spread['modified']:.1g}, "
            f"ordinary {spread['ordinary']:.1g}"
        )
        claim = "the modified rule reaches lower absolute error (Figure 3; B1 and B2 here)"
        return Verdict("T3", claim, self._indicated(verdict, *networks), text)

    def _t4(self) -> Verdict:
        lowest = float(self.lanes["B2"].learning_rate.min())
        highest = lowest * TABLE_1["B2"][-1] / 2
        matched, figures = self.compared("B2", {"modified": lowest, "ordinary": lowest})
        raw, relabelled = self.compared("B2", {"modified": highest, "ordinary": lowest})
        verdict = {("lower", "lower"): REPRODUCED}.get((matched, raw), NOT)
        verdict = CONVENTION if (matched, raw) == ("equal", "lower") else verdict
        text = (
            f"at rate {lowest:g}, both rules at the matched scale: {figures}. If the loss is the "
            f"mean-squared error and the rule is not divided by the width, the same label means a "
            f"{highest / lowest:g} times higher rate for the rule: {relabelled}"
        )
        claim = "it does so at lower learning rates (Figure 4; B2 here)"
        return Verdict("T4", claim, self._indicated(verdict, "B2"), text)

    def _t5(self) -> Verdict:
        edges, words = {"B3": 0.22, "B4": 0.52}, []
        matches = True
        for network, edge in edges.items():
            lanes = self.lanes[network]
            rates = sorted(lanes.learning_rate.unique())
            best = lanes[lanes.improved].groupby("rule").learning_rate.max()
            matches &= all(rate <= edge for rate in best)
            shown = ", ".join(
                f"{rule} {best.get(rule, math.nan):g}" for rule in ("modified", "ordinary")
            )
            words.append(f"{network} (rates {rates[0]:g} to {rates[-1]:g}): {shown}")
        verdict = REPRODUCED if matches else NOT
        claim = "no run improves above a rate of 0.22 on B3 and 0.52 on B4 (Figure 3)"
        text = "highest rate with an improved run, matched scale: " + "; ".join(words)
        return Verdict("T5", claim, self._indicated(verdict, *edges), text)

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
        distances = [seed["frechet_distance"] for seed in seeds]
        others = {
            "real images": controls["real"],
            "ordinary": rules["ordinary"],
            "reconstruction only": rules["none"],
            "raw noise": controls["raw_noise"],
        }
        bars = [other["frechet_distance"] for other in others.values()][1:]
        verdict = REPRODUCED if max(distances) < min(bars) else NOT
        text = (
            f"classifier Fréchet distance, by seed: {', '.join(f'{d:.3g}' for d in distances)} ("
            + ", ".join(f"{n} {o['frechet_distance']:.3g}" for n, o in others.items())
            + f"); digits among the samples: {', '.join(str(s['digits']) for s in seeds)} of 10"
        )
        claim = "a U-DCGAN trained with reconstruction and the rule generates MNIST digits (3.1)"
        return Verdict("G1", claim, self._few_seeds(verdict, len(distances)), text)

    def _g3(self, rules: dict[str, Any]) -> Verdict:
        errors = {
            kind: {rule: found[f"{kind}_relative_error"] for rule, found in rules.items()}
            for kind in ("noise", "data")
        }
        effects = [math.log10(e["modified"] / e["ordinary"]) for e in errors.values()]
        verdict = REPRODUCED if max(effects) < -self.section.least_effect else NOT
        shown = [
            f"{e['modified']:.2g} against {e['ordinary']:.2g} on {kind} "
            f"(without any rule {e['none']:.2g})"
            for kind, e in errors.items()
        ]
        text = "relative error, modified against ordinary at its own weight: " + "; ".join(shown)
        claim = "significant improvement in idempotent error for convolutional networks (abstract)"
        count = len(rules["modified"]["seeds"])
        return Verdict("G3", claim, self._few_seeds(verdict, count), text)

    def _few_seeds(self, verdict: str, seeds: int) -> str:
        few = seeds < self.section.least_runs
        return f"{verdict} (indication: {seeds} seed{'s' * (seeds > 1)})" if few else verdict

    def _json(self, name: str) -> dict[str, Any]:
        return json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))


# Each with the claim, and its measurements: names of values in derive.json and linear.json.
LINEAR = [
    (
        "L1",
        "ansatz: no solution of degree 2, one of degree 3, families above (2.1)",
        "{families[equal_to_closed_form]} of {families[found]} families equal their closed form; "
        "the paper leaves out the branch g(1) = 0, not zero from degree "
        "{L1[zero_branch_not_zero_from_degree]}",
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
        "10^{L4[float64_by_norm_of_projector][norm_1000][log10_floor]:.1f} where ‖P‖ = 1000; "
        "{L4[share_of_converging_ginibre_with_rank_0]:.0%} of the random matrices that converge "
        "go to zero",
    ),
    (
        "L5",
        "for one linear layer the rule is the recurrence (1, 2.3)",
        "difference of one step 10^{L5[log10_largest_difference]:.1f}",
    ),
]


if __name__ == "__main__":
    main()
