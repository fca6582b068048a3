"""Q2: both questions are asked of every seed, and models that differ are named."""

from typing import Any

import pytest

from stages.claims import latent
from stages.claims.verdict import OPEN
from tests.stages.claims.lanes import SECTION

MODELS = ("modified", "ordinary")


def seeds(departures: list[float | None], distances: list[float]) -> dict[str, Any]:
    """Return what stage latent measures of one model; noise is at distance 1 with every seed."""
    each = zip(departures, distances, strict=True)
    jacobian = {"departure": 0.8, "near_one": 0.1, "near_zero": 0.2, "trace": 9.0}
    return {
        "seeds": len(departures),
        "jacobian": {"f^1": jacobian},
        "clouds": {kind: {"distance": 0.3} for kind in ("noise", "f(z)", "f(f(z))")},
        "by_seed": {
            str(seed): {"departure": of_J, "distance_of_noise": 1.0, "distance_of_samples": apart}
            for seed, (of_J, apart) in enumerate(each)
        },
    }


@pytest.mark.parametrize(
    ("departures", "distances", "projection", "approach"),
    [
        ([0.01, 0.09], [0.5, 0.1], "yes", "yes"),
        ([0.01, 0.5], [0.5, 0.99], OPEN, OPEN),
        ([0.5, 0.5], [0.9, 2.0], "no", "no"),
        ([None, None], [0.9, 2.0], "no", "no"),
    ],
)
def test_the_answer_asks_every_seed(departures, distances, projection: str, approach: str):
    found = seeds(departures, distances)
    assert latent.projects(found, SECTION) == projection
    assert latent.approaches(found, SECTION) == approach


def test_the_verdict_names_models_that_differ_and_few_seeds():
    found = {"modified": seeds([0.0, 0.0], [0.1, 0.1]), "ordinary": seeds([1.0, 1.0], [0.1, 0.1])}
    found |= dict.fromkeys(("denoiser", "untrained"), seeds([0.0], [9.0]))
    models = {name: {"eval": of} for name, of in found.items()}
    rules = {"modified": "modified", "ordinary": "ordinary", "denoiser": "none"}
    said = latent.judge({"rules": rules, "models": models}, SECTION)
    assert said.verdict == (
        "projection around samples: yes (modified), no (ordinary); codes of f(z) nearer to the "
        "data's than those of noise: yes (indication: 2 seeds)"
    )
    assert said.brief == "yes or no (indication: 2 seeds)"
    assert said.measured.endswith("0.3, 0.3, 0.3; untrained: ‖J² − J‖ / ‖J‖ 0.8")
    assert "denoiser" not in said.measured
