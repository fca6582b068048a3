"""The known iterations: where they end, what they cost, and what is known of them elsewhere."""

import math
from itertools import islice

import numpy as np
import pytest
import torch
from scipy.linalg import signm
from torch import Tensor

from idem.linear import gallery
from idem.linear.counting import Counter
from idem.linear.iterations import SCHEMES, Spectrum, best_quintic
from idem.linear.riesz import exact_projector
from idem.rule.corrector import correct, evaluate, matrix_residual

NAMES = sorted(SCHEMES)


def drawn(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def spectrum_of(K: Tensor) -> Spectrum:
    values = torch.linalg.eigvals(K).real
    gap = float((values - 0.5).abs().min())
    rank = int((values[0] > 0.5).sum())
    return Spectrum(float(values.min()), float(values.max()), gap, rank)


def iterates(name: str, K: Tensor, count: int) -> list[Tensor]:
    return list(islice(SCHEMES[name].iterate(K, spectrum_of(K)), count))


def uneven(norm: float) -> Tensor:
    """A batch with ranks other than half the size, so that trace and rank matter."""
    K = torch.zeros(3, 20, 20, dtype=torch.float64)
    K[:, :16, :16] = gallery.oblique(3, 16, 0.1, norm, drawn())
    K[:, 16:, 16:] = torch.diag(torch.tensor([0.05, 0.1, 0.2, 0.3]))
    Q = gallery.orthonormal(1, 20, drawn(1))
    return Q @ K @ Q.mT


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("norm", [1.0, 5.0])
def test_every_scheme_ends_in_the_spectral_projector(name, norm):
    K = uneven(norm)
    P = iterates(name, K, 40)[-1]
    assert torch.allclose(P, exact_projector(K), atol=1e-12 * norm**3)


@pytest.mark.parametrize("name", NAMES)
def test_every_scheme_follows_bounds_that_are_wider_than_the_spectrum(name):
    K = uneven(2.0)
    known = Spectrum(-0.2, 1.2, 0.05, 8)
    P = list(islice(SCHEMES[name].iterate(K, known), 45))[-1]
    assert torch.allclose(P, exact_projector(K), atol=1e-11)


@pytest.mark.parametrize("name", [name for name in NAMES if SCHEMES[name].knows != "nothing"])
@pytest.mark.parametrize(("low", "high"), [(-2.0, 1.0), (0.0, 3.0), (-3.0, 4.0)])
def test_schemes_told_the_bounds_follow_any(name, low, high):
    values = torch.cat([torch.linspace(low, 0.4, 9), torch.linspace(0.6, high, 4)]).double()
    Q = gallery.orthonormal(1, len(values), drawn())
    K = Q @ torch.diag(values) @ Q.mT
    P = list(islice(SCHEMES[name].iterate(K, Spectrum(low, high, 0.1, 4)), 40))[-1]
    assert torch.allclose(P, exact_projector(K), atol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_equals_its_items(name):
    K = uneven(3.0)
    together = list(islice(SCHEMES[name].iterate(K, spectrum_of(K)), 4))
    for index in range(len(K)):
        alone = list(islice(SCHEMES[name].iterate(K[index, None], spectrum_of(K)), 4))
        for whole, part in zip(together, alone, strict=True):
            assert torch.allclose(whole[index], part[0], atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_costs_what_is_said(name):
    scheme, K = SCHEMES[name], uneven(2.0)
    steps = scheme.iterate(K, spectrum_of(K))
    with Counter() as count:
        for _ in range(6):
            next(steps)
    assert count.products == 6 * len(K) * scheme.products
    assert count.inverses == 6 * len(K) * scheme.inverses


@pytest.mark.parametrize("name", NAMES)
def test_nothing_happens_to_the_argument(name):
    K = uneven(2.0)
    before = K.clone()
    iterates(name, K, 3)
    assert torch.equal(K, before)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("norm", [1.0, 5.0])
def test_at_the_projector_every_scheme_stays(name, norm):
    K = uneven(norm)
    history = iterates(name, K, 60)
    settled = next(
        i for i, P in enumerate(history) if float(matrix_residual(P, relative=True).max()) < 1e-12
    )
    for P in history[settled : settled + 20]:
        assert torch.allclose(P, exact_projector(K), atol=1e-10)
    assert len(history) > settled + 20


# Known before this module was written: products, at n = 200, to ‖P² − P‖_F < 1e-10.
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("McWeeny", {0.1: 18, 1e-3: 40, 1e-4: 52}),
        ("scaled Newton-Schulz", {0.1: 12, 1e-3: 22, 1e-4: 26}),
        ("Polar Express", {0.1: 12, 1e-3: 21, 1e-4: 27}),
    ],
)
def test_products_known_from_elsewhere(name, expected):
    found = {}
    for gap in expected:
        K = gallery.oblique(1, 200, gap, 1.01, drawn())
        residuals = [float(matrix_residual(P)) for P in iterates(name, K, 30)]
        steps = 1 + next(i for i, residual in enumerate(residuals) if residual < 1e-10)
        found[gap] = steps * SCHEMES[name].products
    assert found == expected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("norm", [1.0, 5.0])
def test_scipy_finds_the_same_sign(name, norm):
    # An independent check of sign iterations. There is none of the purifications: PySCF 2.14,
    # where one would look for them, has no purification of a density matrix.
    K = uneven(norm)[0]
    sign = torch.from_numpy(signm((2 * K - torch.eye(20, dtype=torch.float64)).numpy()))
    P = iterates(name, K[None], 40)[-1][0]
    assert torch.allclose(2 * P - torch.eye(20, dtype=torch.float64), sign, atol=1e-10)


def test_mcweeny_and_the_smoothsteps_are_the_correctors_of_the_paper():
    K = uneven(2.0)
    expected = {
        "McWeeny": correct(K),
        "smoothstep 2": evaluate((0, 0, 10, -15, 6), K),
        "smoothstep 3": evaluate((0, 0, 0, 35, -84, 70, -20), K),
    }
    for name, image in expected.items():
        assert torch.allclose(iterates(name, K, 1)[0], image, atol=1e-12)
    assert torch.allclose(iterates("McWeeny", K, 3)[2], correct(correct(correct(K))))


def test_an_unscaled_sign_iteration_is_mcweenys():
    K = uneven(2.0)
    X = 2 * K - torch.eye(20, dtype=torch.float64)
    image = (3 * X - X @ X @ X) / 2
    expected = (image + torch.eye(20, dtype=torch.float64)) / 2
    assert torch.allclose(iterates("McWeeny", K, 1)[0], expected)


@pytest.mark.parametrize("gap", [0.3, 0.02])
def test_schemes_told_the_gap_never_overshoot_the_interval_they_plan_for(gap):
    K = gallery.oblique(1, 24, gap, 1.0, drawn())
    for name in ("scaled Newton-Schulz", "Polar Express"):
        for P in iterates(name, K, 12):
            moduli = torch.linalg.eigvalsh(2 * P - torch.eye(24, dtype=torch.float64)).abs()
            assert float(moduli.max()) < 2
            assert float(moduli.min()) > 2 * gap - 1e-12


def test_canonical_purification_keeps_the_trace_at_the_rank():
    K = uneven(2.0)
    for P in iterates("canonical", K, 25):
        assert torch.allclose(P.diagonal(dim1=-2, dim2=-1).sum(-1), torch.tensor(8.0).double())


def test_tuned_degree_4_brings_the_trace_to_the_rank_before_it_converges():
    K = uneven(2.0)
    drift, defect = [], []
    for P in iterates("degree 4, tuned", K, 20):
        drift.append(float((P.diagonal(dim1=-2, dim2=-1).sum(-1) - 8).abs().max()))
        defect.append(float(matrix_residual(P).min()))
    kept = next(i for i, value in enumerate(drift) if value < 1e-9)
    assert defect[kept] > 0.1
    assert max(drift[kept:]) < 1e-6


def test_newtons_moduli_are_centred():
    K = gallery.oblique(1, 16, 1e-4, 1.0, drawn())
    P = iterates("Newton", K, 1)[0]
    moduli = torch.linalg.eigvalsh(2 * P - torch.eye(16, dtype=torch.float64)).abs()
    ratio = spectrum_of(K).reach / (2 * spectrum_of(K).gap)
    assert float(moduli.min()) >= 1 - 1e-9
    assert float(moduli.max()) == pytest.approx((math.sqrt(ratio) + 1 / math.sqrt(ratio)) / 2)


@pytest.mark.parametrize("low", [1e-6, 1e-3, 0.1, 0.5, 0.9, 0.98])
def test_the_best_quintic_equioscillates_and_beats_the_taylor_quintic(low):
    def error(a: float, b: float, c: float) -> np.ndarray:
        return a * x + b * x**3 + c * x**5 - 1

    x = np.linspace(low, 1, 200_001)
    best = error(*best_quintic(low, 1.0))
    level = np.abs(best).max()
    taylor = np.abs(error(15 / 8, -10 / 8, 3 / 8)).max()
    assert level < taylor
    turning = np.flatnonzero(np.diff(np.sign(np.diff(best)))) + 1
    extrema = best[np.concatenate([[0], turning, [-1]])]
    assert len(extrema) == 4
    assert np.allclose(extrema, level * np.array([-1, 1, -1, 1]), rtol=1e-4)


def test_on_a_short_interval_the_quintic_is_taylors_and_joins_smoothly():
    assert best_quintic(1.0, 1.0) == pytest.approx((15 / 8, -10 / 8, 3 / 8))
    assert best_quintic(2.0, 2.0) == pytest.approx((15 / 16, -10 / 64, 3 / 256))
    across = [best_quintic(1 - width, 1.0) for width in (0.9999e-3, 1.0001e-3)]
    assert across[0] == pytest.approx(across[1], rel=1e-3)


@pytest.mark.parametrize("interval", [(0.0, 1.0), (-0.1, 1.0), (0.6, 0.5), (math.nan, 1.0)])
def test_an_interval_that_holds_0_or_nothing_is_refused(interval):
    with pytest.raises(ValueError, match="expected 0 < low <= high, got"):
        best_quintic(*interval)


def test_every_scheme_says_what_it_knows_and_where_it_is_from():
    told = {"nothing", "bounds and gap", "bounds and rank"}
    assert {scheme.knows for scheme in SCHEMES.values()} == told
    assert all(scheme.source for scheme in SCHEMES.values())
    K = uneven(2.0)
    nonsense = Spectrum(math.nan, math.nan, math.nan, -1)
    for name, scheme in SCHEMES.items():
        first = next(scheme.iterate(K, spectrum_of(K)))
        if scheme.knows == "nothing":
            assert torch.equal(next(scheme.iterate(K, nonsense)), first), name
