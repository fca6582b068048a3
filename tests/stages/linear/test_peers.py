"""Stage peers: what counts as done, what it costs, and how the headline is read off."""

import json
import math
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pandas as pd
import pytest
import torch
import yaml
from torch import Tensor

from idem.linear import gallery
from idem.linear.iterations import SCHEMES, Scheme, Spectrum
from idem.linear.riesz import exact_projector
from stages.common import params
from stages.linear import peers
from tests import ROOT

SECTION = params.read(ROOT / "params.yaml", params.Laptop).peers.model_copy(
    update={"size": 24, "norms": [2.0], "gaps": [0.1, 1e-3], "count": 2}
)
SPECTRUM = Spectrum(0.0, 1.0, 0.1, 12)


def drawn() -> Tensor:
    return gallery.oblique(1, 24, 0.1, 2.0, torch.Generator().manual_seed(0))[0]


def scripted(*residuals: float) -> Scheme:
    """A scheme whose iterates have these relative residuals, after which nothing changes."""

    def iterate(K: Tensor, spectrum: Spectrum) -> Iterator[Tensor]:
        for residual in [*residuals, *[residuals[-1]] * 200]:
            value = (1 + math.sqrt(1 + 4 * residual)) / 2  # where x² − x is the residual
            yield torch.full((1, 1, 1), value, dtype=torch.float64)

    return Scheme(iterate, 2, "nothing", "here")


def test_done_is_the_first_iterate_within_the_factor_of_the_least_residual():
    scheme = scripted(0.1, 1e-3, 1e-9, 2e-11, 5e-12, 5e-12, 4e-12)
    steps, floor, P = peers.to_the_floor(scheme, drawn(), SPECTRUM, 10.0)
    assert steps == 4
    assert floor == pytest.approx(4e-12, rel=1e-3)
    assert float(P) == pytest.approx(1 + 2e-11, abs=1e-14)
    assert peers.to_the_floor(scheme, drawn(), SPECTRUM, 2.0)[0] == 5


def test_a_pause_on_the_way_is_not_taken_for_the_floor():
    pause = [0.1] * 10
    assert peers.to_the_floor(scripted(*pause, 1e-12), drawn(), SPECTRUM, 10.0)[0] == 11


def test_a_scheme_that_diverges_has_no_floor():
    steps, floor, _ = peers.to_the_floor(scripted(math.nan), drawn(), SPECTRUM, 10.0)
    assert steps == peers.horizon(0.1, scripted(math.nan))
    assert floor == math.inf


def test_the_horizon_is_the_same_cost_for_all_and_enough_for_mcweeny():
    for gap in (0.3, 1e-3, 1e-8):
        costs = [peers.horizon(gap, s) * max(s.products, 2 * s.inverses) for s in SCHEMES.values()]
        assert max(costs) - min(costs) <= 4
        t, steps = gap, 0
        while 0.25 - t * t > 1e-15:
            t, steps = 1.5 * t - 2 * t**3, steps + 1
        assert peers.horizon(gap, SCHEMES["McWeeny"]) > steps


def rows_of(table: pd.DataFrame) -> dict[str, dict[Any, Any]]:
    return {str(row["scheme"]): row for row in table.to_dict("records")}


def test_a_cell_has_a_row_a_scheme_with_its_cost_and_distance():
    rows = rows_of(peers.compare_in_cell(SECTION, 2.0, 1e-3))
    assert list(rows) == [*SCHEMES, "project", "eigendecomposition"]
    for name, scheme in SCHEMES.items():
        row = rows[name]
        assert row["products"] == row["steps"] * scheme.products
        assert row["inverses"] == row["steps"] * scheme.inverses
        assert row["knows"] == scheme.knows
    direct = rows.pop("eigendecomposition")
    assert all(math.isnan(direct[name]) for name in ("steps", "products", "equivalents"))
    for row in rows.values():
        cost = row["products"] + SECTION.inverse_price * row["inverses"]
        assert row["equivalents"] == pytest.approx(cost)
        assert (row["norm"], row["gap"], row["size"]) == (2.0, 1e-3, 24)
    for row in (direct, *rows.values()):
        assert row["log10_floor"] < -13
        assert row["log10_distance"] < -10
    assert rows["project"]["products"] > 2
    assert 2 < rows["project"]["inverses"] < 7


def test_the_distance_is_to_the_exact_projector_where_the_scheme_is_done():
    one = SECTION.model_copy(update={"count": 1})
    K = gallery.oblique(1, 24, 0.1, 2.0, torch.Generator().manual_seed(SECTION.seed))[0]
    row = rows_of(peers.compare_in_cell(one, 2.0, 0.1))["smoothstep 3"]
    iterates = SCHEMES["smoothstep 3"].iterate(K[None], SPECTRUM)
    P = next(islice(iterates, int(row["steps"]) - 1, None))
    exact = exact_projector(K)
    distance = torch.linalg.matrix_norm(P[0] - exact) / torch.linalg.matrix_norm(exact)
    assert 10 ** row["log10_distance"] == pytest.approx(float(distance), rel=1e-3)


def cell(gap: float, **rows: tuple[float, int, float, float, str]) -> pd.DataFrame:
    names = ["equivalents", "inverses", "log10_floor", "log10_distance", "knows"]
    table = pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows.values()])
    return table.assign(scheme=[name.replace("_", " ") for name in rows], norm=2.0, gap=gap)


def test_the_headline_compares_project_with_the_best_that_reaches_its_floor():
    easy = cell(
        0.1,
        McWeeny=(18, 0, -14, -13, "nothing"),
        coarse=(2, 0, -9, -8, "nothing"),
        Polar_Express=(12, 0, -14.5, -13.5, "bounds and gap"),
        Newton=(9, 5, -14.5, -14, "bounds and gap"),
        project=(10, 2, -15, -13, "nothing"),
        eigendecomposition=(math.nan, 0, -14, -15, "nothing"),
    )
    hard = cell(
        1e-3,
        McWeeny=(40, 0, -14.1, -13, "nothing"),
        Polar_Express=(9, 0, -14.1, -12, "bounds and gap"),
        Newton=(20, 9, -14.1, -12, "bounds and gap"),
        project=(9, 4, -15, -12, "nothing"),
        eigendecomposition=(math.nan, 0, -14, -15, "nothing"),
    )
    found = peers.headline(SECTION, pd.concat([easy, hard]))
    assert found["project_at_or_below_best"] == 0.5
    assert found["project_at_or_below_best_without_inverses"] == 1
    assert found["project_at_or_below_best_told_nothing"] == 1
    assert found["largest_cost_ratio"] == pytest.approx(10 / 9)
    assert found["largest_distance_ratio"] == pytest.approx(10)
    assert found["equivalents"]["gap_0.001"]["project"] == 9
    assert "eigendecomposition" not in found["equivalents"]["gap_0.1"]


def test_the_stage_writes_the_same_bytes_again(tmp_path, monkeypatch):
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["peers"] |= SECTION.model_dump()
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.setenv("IDEM_WORKERS", "1")
    written = []
    for run in ("first", "second"):
        options = ["--params", str(tmp_path / "params.yaml"), "--metrics", str(tmp_path / run)]
        monkeypatch.setattr(sys, "argv", ["peers", *options])
        peers.main()
        files = [tmp_path / run / name for name in ("peers.csv", "peers.json")]
        written.append([file.read_bytes() for file in files])
    assert written[0] == written[1]
    assert set(json.loads(written[0][1])["equivalents"]) == {"gap_0.1", "gap_0.001"}
    assert written[0][0].startswith(b"scheme,knows,norm,gap,size,steps,products,inverses,equival")
