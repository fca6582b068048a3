"""G1 to G5, R1 and R4: every verdict follows from the measurements, whichever way they point."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest

from stages.claims.generative import generative
from stages.claims.generative.generative import Asked
from stages.claims.generative.readings import MODES
from stages.claims.generative.study import Study
from stages.claims.verdict import CONVENTION, NO, NOT, NOT_RUN, OPEN, REPRODUCED, YES
from tests.stages.claims.studies import SPREAD, everywhere, study

DIGITS = Asked("digits", 10, "digits")
Change = dict[str, float | Sequence[float]]


def outcome(
    change: Change, model: str = "modified", others: Mapping[str, Change] | None = None
) -> str:
    changes = everywhere(model, **change)
    for other, measured in (others or {}).items():
        changes |= everywhere(other, **measured)
    return generative.outcome(study(changes), model, "ema", "eval", DIGITS)


def at(distance: float) -> Change:
    return {"frechet_distance": (distance * 10**SPREAD).tolist()}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, REPRODUCED),
        ({"digits": 9}, NOT),
        ({"digits": [10, 10, 10, 10, 9]}, OPEN),
        (at(70.0), REPRODUCED),
        (at(90.0), OPEN),  # as near as the controls
        (at(120.0), OPEN),
        (at(140.0), NOT),
        ({"frechet_distance": [20, 20, 20, 20, 400]}, OPEN),
        ({"frechet_distance": [20, 20, 20, 20, float("nan")]}, OPEN),
    ],
)
def test_a_generator_has_all_digits_and_is_nearer_than_every_control(change, expected: str):
    assert outcome(change) == expected
    assert outcome(change, "modified_plain") == expected


@pytest.mark.parametrize("control", ["autoencoder_codes", "ordinary", "denoiser"])
def test_one_control_that_is_as_near_or_nearer_is_enough(control: str):
    assert outcome({}, others={control: at(21.0)}) == OPEN
    assert outcome({}, others={control: at(10.0)}) == NOT


def test_a_control_with_another_code_decides_nothing():
    assert outcome({}, others={"autoencoder": at(10.0)}) == REPRODUCED
    assert outcome({}, others={"ign": at(10.0)}) == REPRODUCED


def test_without_drawn_codes_nothing_is_shown():
    found = study(without=["autoencoder_codes"])
    assert generative.outcome(found, "modified", "ema", "eval", DIGITS) == OPEN


DRAWN = study()


def drawn(rng: np.random.Generator, **measured: np.ndarray) -> Study:
    """Return a study all of whose distances are drawn alike, with other measurements given."""
    networks = DRAWN.runs.weights != "none"
    noise = 10 ** rng.normal(2, 0.2, len(networks))
    distances = DRAWN.runs.frechet_distance.where(~networks, noise)
    runs = DRAWN.runs.assign(frechet_distance=distances, **measured)
    return Study(runs, DRAWN.training, DRAWN.section)


def test_noise_decides_nothing():
    """The generator is drawn as its controls are, and lacks a digit on every other seed."""
    rng, size = np.random.default_rng(0), len(DRAWN.runs)
    words = [
        generative.outcome(
            drawn(rng, digits=rng.choice([9.0, 10.0], size)), "modified", "ema", "eval", DIGITS
        )
        for _ in range(60)
    ]
    assert words.count(OPEN) >= 54


def judged(found: Study) -> dict[str, generative.Verdict]:
    return {verdict.id: verdict for verdict in generative.of_digits(found, 10)}


def test_g1_is_judged_on_the_papers_training_and_r1_on_ours():
    changes = everywhere("modified_plain", digits=5)
    changes["modified_plain", "best", "train"] = {"digits": 10}
    changes["modified_plain", "ema", "train"] = {"digits": [8, 10, 10, 10, 6]}
    found = judged(study(changes))
    assert found["G1"].verdict == (
        f"{CONVENTION}: training mode not reproduced (raw), undecided (EMA), reproduced (best); "
        "eval mode not reproduced; 1600 steps"
    )
    assert found["G1"].brief == CONVENTION
    assert "EMA weights of the last step: undecided (8, 10, 10, 10, 6 digits" in (
        found["G1"].measured
    )
    assert found["R1"].verdict == f"{YES}; 1600 steps"
    assert f"eval mode, EMA weights of the last step: {YES} (10, " in found["R1"].measured
    assert found["R1"].ours == "EMA: 10 digits, 20.5 (train), 10 digits, 20.5 (eval)"


def test_g1_is_not_run_where_nothing_was_trained_so():
    found = study()
    models = {n: m for n, m in found.training.models.items() if n != "modified_plain"}
    training = found.training.model_copy(update={"models": models})
    assert judged(Study(found.runs, training, found.section))["G1"].verdict == NOT_RUN


def test_tightness_is_judged_on_models_of_its_own():
    found = study()
    of_plain = found.runs[found.runs.model == "modified_plain"]
    runs = [found.runs, of_plain.assign(model="modified_tight", digits=4)]
    runs.append(of_plain.assign(model="modified_tight_published"))
    whole = Study(pd.concat(runs), found.training, found.section)
    published, best = generative.with_tightness(whole, 10)
    steps = f"{found.training.of(found.training.models['modified_tight']).steps} steps"
    assert (published.id, published.verdict) == ("G4", f"{REPRODUCED}; {steps}")
    assert (best.id, best.verdict) == ("G5", f"{NO}; {steps}")
    assert "our training with tightness" in best.measured
    assert whole.controls("modified_tight")[2:] == whole.controls("modified")[2:]
    assert f"weights and clamp as published for IGN, {steps}" in published.measured
    assert {v.verdict for v in generative.with_tightness(found, 10)} == {NOT_RUN}


def test_few_seeds_are_an_indication():
    found = judged(study(everywhere("modified", digits=9), seeds=2))
    assert found["R1"].verdict == "undecided; 1600 steps (indication: 2 seeds)"
    assert found["G3"].verdict == f"{REPRODUCED} (indication: 2 seeds)"


@pytest.mark.parametrize(
    ("coverage", "distance", "expected"),
    [(0.5, 20.0, REPRODUCED), (0.1, 20.0, REPRODUCED), (0.09, 20.0, NOT), (0.5, 95.0, OPEN)],
)
def test_g2_asks_the_papers_training_for_coverage_and_the_same_distance(
    coverage, distance, expected: str
):
    changes = everywhere("modified_plain", coverage=coverage, **at(distance))
    papers, ours, errors = generative.of_photographs(study(changes), 0.1)
    assert (papers.id, papers.verdict) == ("G2", f"{expected}; 1600 steps")
    assert (ours.id, ours.verdict) == ("R4", f"{YES}; 1600 steps")
    assert errors.id == "G3"
    assert "FID" not in papers.measured + ours.measured


def errors_at(noise: float, test: float, spread: np.ndarray = SPREAD) -> Study:
    """Return a study in which modified's relative errors are so many times ordinary's."""
    scatter = 0.3 * 10**spread
    change = {
        "noise_relative_error": (noise * scatter).tolist(),
        "test_relative_error": (test * scatter).tolist(),
    }
    return study(everywhere("modified", **change) | _ordinary())


def _ordinary() -> dict:
    return everywhere("ordinary", noise_relative_error=0.3, test_relative_error=0.3)


@pytest.mark.parametrize(
    ("noise", "test", "expected"),
    [
        (0.7, 0.7, REPRODUCED),
        (0.7, 0.9, NOT),  # 10^-0.05, by no more than the least effect
        (0.9, 0.7, NOT),
        (0.7, 10**-0.1, OPEN),
        (1.0, 1.0, NOT),
        (2.0, 0.1, NOT),
    ],
)
def test_g3_asks_for_lower_errors_on_noise_and_on_data(noise, test, expected: str):
    found = generative.errors(errors_at(noise, test))
    assert found.verdict == expected
    assert f"modified / ordinary: ×{noise:.2g}, ×{test:.2g} (train)" in found.ours


def test_g3_of_noise_is_undecided():
    """Errors on noise are lower by the least effect, those on data by much."""
    rng, own, words = np.random.default_rng(0), DRAWN.runs.model == "modified", []
    for _ in range(30):
        noise = np.where(own, 10**-0.1, 1.0) * 10 ** rng.normal(0, 0.3, len(own))
        test = np.where(own, 0.1, 1.0)
        found = drawn(rng, noise_relative_error=noise, test_relative_error=test)
        words += [_errors(found, mode) for mode in MODES]
    assert words.count(OPEN) >= 54


def _errors(found: Study, mode: str) -> str:
    return generative.outcome_of_errors(
        list(generative.ratios_of_errors(found, mode).values()), 0.1
    )


def test_g3_names_the_mode_that_differs():
    changes = _ordinary() | everywhere(
        "modified", noise_relative_error=0.1, test_relative_error=0.1
    )
    changes["modified", "best", "eval"] = {"noise_relative_error": 0.6}
    found = generative.errors(study(changes))
    assert found.verdict == f"{CONVENTION}: training mode {REPRODUCED}; eval mode {NOT}"
    assert isinstance(found.measured, str) and pd.notna(found.measured)


def test_an_error_of_0_is_lower_than_any_other():
    changes = _ordinary() | everywhere("modified", noise_relative_error=0, test_relative_error=0)
    assert generative.errors(study(changes)).verdict == REPRODUCED
    both = everywhere("ordinary", noise_relative_error=0, test_relative_error=0)
    assert generative.errors(study(changes | both)).verdict == NOT
