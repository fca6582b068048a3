"""G1 to G3: every verdict follows from the measurements, in whichever direction they point."""

from typing import Any

import pytest

from stages.claims import generative
from stages.claims.verdict import NOT, OPEN, REPRODUCED
from stages.common import params
from tests.stages.claims.lanes import SECTION


def measured(
    distances: tuple[float | None, ...] = (50.0, 60.0, 150.0),
    error: float | None = 0.1,
    digits: int = 9,
) -> dict[str, Any]:
    """Return a file of measurements in which only the modified rule's vary, a distance a seed.

    The last weights are worse in everything.
    """
    bars = {seed: {"frechet_distance": d} for seed, d in zip("012", (100, 100, 200), strict=True)}
    ign = {"frechet_distance": 20.0, "digits": 10}
    seeds = {
        seed: {"frechet_distance": distance, "digits": digits if seed == "2" else 10}
        for seed, distance in zip("012", distances, strict=True)
    }
    ends = {seed: {"frechet_distance": 999.0, "digits": 2} for seed in "012"}
    models = {
        "modified": (of_model(90.0, error, seeds), of_model(999.0, 7.0, ends)),
        "ordinary": (of_model(133.0, 0.3, bars), of_model(888.0, 0.3, bars)),
        "ign": (of_model(20.0, 0.2, {"0": ign}), of_model(20.0, 0.2, {})),
    }
    controls = {name: {"frechet_distance": d} for name, d in (("real", 3.0), ("raw_noise", 300.0))}
    weights = {
        name: {"best": {"train": chosen}, "ema": {"train": last}}
        for name, (chosen, last) in models.items()
    }
    return {"controls": controls} | weights


def of_model(distance: float, error: float | None, seeds: dict[str, Any]) -> dict[str, Any]:
    means = {"frechet_distance": distance}
    means |= {f"{kind}_relative_error": error for kind in ("noise", "test")}
    return {name: {"mean": mean} for name, mean in means.items()} | {"seeds": seeds}


@pytest.mark.parametrize(
    ("distances", "digits", "verdict"),
    [
        ((50.0, 60.0, 150.0), 9, REPRODUCED),  # above a control of another seed
        ((50.0, 60.0, 150.0), 8, REPRODUCED),
        ((50.0, 60.0, 150.0), 7, NOT),
        ((50.0, 110.0, 120.0), 9, NOT),  # below ordinary's mean, above that of its own seed
        ((50.0, None, 150.0), 9, OPEN),
    ],
)
def test_g1_asks_for_digits_and_compares_with_every_control_seed_by_seed(
    distances: tuple[float | None, ...], digits: int, verdict: str
):
    found, _ = generative.judge(measured(distances, digits=digits), SECTION)
    assert found.verdict == verdict
    if verdict == REPRODUCED:
        assert "the samples are 16.7, 20, 50 times as far from real images" in found.measured
        assert "last step 2, 2, 2 digits, distance 999" in found.measured


@pytest.mark.parametrize("control", ["ordinary", "raw_noise"])
def test_without_a_control_g1_is_undecided(control: str):
    found = measured()
    if control == "raw_noise":
        found["controls"]["raw_noise"]["frechet_distance"] = None
    else:
        found[control]["best"]["train"] |= {"frechet_distance": {"mean": None}, "seeds": {}}
    assert generative.judge(found, SECTION)[0].verdict == OPEN


def test_the_published_reference_is_stated_and_decides_nothing():
    """Its distance is below that of the modified rule on every seed."""
    found, _ = generative.judge(measured(), SECTION)
    assert found.verdict == REPRODUCED
    assert "; IGN 20; " in found.measured


@pytest.mark.parametrize(("error", "verdict"), [(0.1, REPRODUCED), (0.4, NOT), (None, OPEN)])
def test_g3_compares_the_errors_with_ordinary(error: float | None, verdict: str):
    _, found = generative.judge(measured(error=error), SECTION)
    assert found.verdict == verdict
    assert "on test data (IGN 0.2)" in found.measured
    assert "last step 7 against 0.3 and 7 against 0.3" in found.measured


PHOTOGRAPHS = params.GenerativeClaims(
    least_runs=2, least_effect=0.1, least_digits=8, least_coverage=0.1, projection_below=0.1
)


def of_photographs(distance: float = 20.0, coverage: float = 0.5) -> dict[str, Any]:
    """Return what stage evaluate writes of images without classes, as far as judges read it."""

    def model(frechet: float, error: float) -> dict[str, Any]:
        seeds = {s: {"frechet_distance": frechet, "coverage": coverage} for s in ("0", "1")}
        means = {f"{kind}_relative_error": {"mean": error} for kind in ("noise", "test")}
        found = {"train": {"frechet_distance": {"mean": frechet}, "seeds": seeds} | means}
        return {"best": found, "ema": found}

    controls = {"real": {"frechet_distance": 4.0}, "raw_noise": {"frechet_distance": 90.0}}
    models = {"modified": model(distance, 0.4), "ordinary": model(60.0, 0.2), "ign": model(50, 0.2)}
    return {"controls": controls} | models


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, REPRODUCED),
        ({"distance": 61.0}, NOT),  # above ordinary
        ({"coverage": 0.05}, NOT),
        ({"distance": float("nan")}, OPEN),
    ],
)
def test_photographs_need_a_lower_distance_and_coverage(changes, expected):
    verdict, errors = generative.judge_photographs(of_photographs(**changes), PHOTOGRAPHS)
    assert (verdict.id, verdict.verdict) == ("G2", expected)
    assert (errors.id, errors.verdict) == ("G3", NOT)
    assert "EfficientNet-Lite0" in verdict.measured and "FID" not in verdict.measured
