import pytest

from stages.common import params
from stages.linear import plane
from tests import ROOT


@pytest.fixture
def small_planes() -> params.Linear:
    section = params.read(ROOT / "params.yaml", params.Laptop).linear
    return section.model_copy(update={"plane_width": 60, "plane_height": 40})


def test_the_planes_of_figure_2_are_decided_and_counted_by_step_size(small_planes: params.Linear):
    planes = plane.quarter_plane(small_planes)
    assert planes["codes"].shape == (len(planes["gammas"]), 20, 30)
    shares = plane.plane_shares(small_planes, planes)
    assert {"gamma_0.25", "gamma_1"} <= set(shares)
    for share in shares.values():
        parts = (share[name] for name in ("to_one", "to_zero", "escaping", "undecided"))
        assert sum(parts) == pytest.approx(1)
        assert share["undecided"] == 0 <= share["undecided_after_paper_iterations"] < 0.1
        assert share["to_one"] > share["to_zero"]


@pytest.mark.parametrize("gamma", [0.05, 0.25, 0.5, 1.0, 1.5, 1.9])
def test_the_real_ends_reported_are_exact_to_1e_12(small_planes: params.Linear, gamma: float):
    assert plane.real_ends(small_planes, gamma)["log10_error"] < -12


def test_figure_1_has_the_ends_of_the_basins_on_its_curve(small_planes: params.Linear):
    table = plane.scalar_map(small_planes).groupby("kind")
    assert table.get_group("immediate")["image"].to_numpy() == pytest.approx([0.5, 0.5])
    ends = table.get_group("escape")
    assert ends["image"].to_numpy() == pytest.approx(ends["lambda"].to_numpy()[::-1])
