"""Stage peers: what every known iteration costs until rounding stops it, beside `idem.project`."""

import math
from collections.abc import Iterator
from itertools import islice, product
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from idem.linear import gallery
from idem.linear.counting import Counter
from idem.linear.iterations import SCHEMES, Scheme, Spectrum
from idem.linear.projection import project
from idem.linear.riesz import eigen_projector, exact_projector
from idem.rule.corrector import matrix_residual
from stages.common import params
from stages.common.engine import run_units
from stages.common.files import write_csv, write_json
from stages.linear.recurrence import log10_of

CELL = ["norm", "gap"]
DIRECT = "eigendecomposition"
SETTLING = 12  # steps to look on when the residual is far below where convergence turns quadratic


def main() -> None:
    """Measure every scheme in every cell; write the table and its headline numbers."""
    args = params.arguments("compare idem.project with the known iterations")
    section = params.read(args.params, params.Laptop).peers
    table = measure(section)
    write_csv(args.metrics / "peers.csv", table)
    write_json(args.metrics / "peers.json", headline(section, table))


def measure(section: params.Peers) -> pd.DataFrame:
    """Return a row a cell and scheme, each number the median over the matrices of the cell."""
    units = [(section, *cell) for cell in product(section.norms, section.gaps)]
    return pd.concat(run_units(compare_in_cell, units, "peers"), ignore_index=True)


def compare_in_cell(section: params.Peers, norm: float, gap: float) -> pd.DataFrame:
    """Run every scheme, `project` and the eigendecomposition on the matrices of one cell."""
    draw = torch.Generator().manual_seed(section.seed)
    matrices = gallery.oblique(section.count, section.size, gap, norm, draw)
    table = pd.DataFrame([row for K in matrices for row in _rows(section, K, gap)])
    medians = table.groupby(["scheme", "knows"], sort=False).median().reset_index()
    medians["equivalents"] = medians.products + section.inverse_price * medians.inverses
    cell = {"norm": norm, "gap": gap, "size": section.size}
    logarithms = ["log10_floor", "log10_distance"]
    order = ["scheme", "knows", *cell, "steps", "products", "inverses", "equivalents", *logarithms]
    return medians.assign(**cell)[order]


def to_the_floor(
    scheme: Scheme, K: Tensor, spectrum: Spectrum, factor: float
) -> tuple[int, float, Tensor]:
    """Run a scheme on (n, n) until nothing can improve any more.

    Returns:
        Steps to the first iterate whose relative residual is at most `factor` times the least one
        of the whole run; that least residual; that iterate, (n, n). Without a finite residual the
        steps are those of the whole run, and the floor is infinite.
    """
    residuals, iterates, close = [], [], 0
    for iterate in islice(scheme.iterate(K[None], spectrum), horizon(spectrum.gap, scheme)):
        residual = float(matrix_residual(iterate[0], relative=True))
        residuals.append(residual if math.isfinite(residual) else math.inf)
        iterates.append(iterate[0])
        close += min(residuals) < torch.finfo(K.dtype).eps ** (1 / 3)
        if close > SETTLING:
            break
    floor = min(residuals)
    step = next(i for i, residual in enumerate(residuals) if residual <= factor * floor)
    return (step + 1 if math.isfinite(floor) else len(residuals)), floor, iterates[step]


def horizon(gap: float, scheme: Scheme) -> int:
    """Return steps that cost as much as McWeeny's to leave ½ by 3/2 each and to settle."""
    steps = 1.2 * (math.log(0.5 / gap) / math.log(1.5) + 8) + 4
    return math.ceil(2 * steps / max(scheme.products, 2 * scheme.inverses))


def headline(section: params.Peers, table: pd.DataFrame) -> dict:
    """Return costs at the first norm, and how `project` compares with the best scheme of a cell.

    Only schemes that come within `floor_factor` of the residual of `project` can be the best.
    """
    wide = {name: group.set_index("scheme") for name, group in table.groupby(CELL, sort=False)}
    found = pd.DataFrame([_against_best(section, cell) for cell in wide.values()])
    costs = {
        f"gap_{gap:g}": wide[section.norms[0], gap].equivalents.dropna().to_dict()
        for gap in section.gaps
    }
    return {
        "norm": section.norms[0],
        "equivalents": costs,
        "project_at_or_below_best": float((found.cost <= 1).mean()),
        "project_at_or_below_best_without_inverses": float((found.cost_of_products <= 1).mean()),
        "project_at_or_below_best_told_nothing": float((found.cost_told_nothing <= 1).mean()),
        "largest_cost_ratio": float(found.cost.max()),
        "largest_distance_ratio": float(found.distance.max()),
    }


def _rows(section: params.Peers, K: Tensor, gap: float) -> Iterator[dict[str, Any]]:
    values, exact = torch.linalg.eigvals(K).real, exact_projector(K)
    low, high = (float(end) for end in values.aminmax())
    spectrum = Spectrum(low, high, float((values - 0.5).abs().min()), int((values > 0.5).sum()))
    for name, scheme in SCHEMES.items():
        steps, floor, P = to_the_floor(scheme, K, spectrum, section.floor_factor)
        cost = {"products": steps * scheme.products, "inverses": steps * scheme.inverses}
        yield {"scheme": name, "knows": scheme.knows, "steps": steps, **cost} | _ends(
            P, exact, floor
        )
    with Counter() as count:
        found = project(K)
    cost = {"products": count.products, "inverses": count.inverses}
    row = {"scheme": "project", "knows": "nothing", "steps": int(found.steps), **cost}
    yield row | _ends(found.projector, exact)
    yield {"scheme": DIRECT, "knows": "nothing"} | _ends(eigen_projector(K), exact)


def _ends(P: Tensor, exact: Tensor, floor: float | None = None) -> dict[str, float]:
    floor = float(matrix_residual(P, relative=True)) if floor is None else floor
    distance = float(torch.linalg.matrix_norm(P - exact) / torch.linalg.matrix_norm(exact))
    return {"log10_floor": log10_of(floor), "log10_distance": log10_of(distance)}


def _against_best(section: params.Peers, cell: pd.DataFrame) -> dict[str, float]:
    """Return the ratios of costs and distances of `project` to those of the best schemes.

    Of those that come as near to an idempotent matrix; where none does, a ratio of costs is 0.
    """
    ours, others = cell.loc["project"], cell.drop(index=["project", DIRECT])
    reach = math.log10(section.floor_factor)
    others = others[others.log10_floor <= ours.log10_floor + reach]
    chosen = {
        "cost": others,
        "cost_of_products": others[others.inverses == 0],
        "cost_told_nothing": others[others.knows == "nothing"],
    }
    ratios = {
        name: ours.equivalents / those.equivalents.min() if len(those) else 0.0
        for name, those in chosen.items()
    }
    return ratios | {"distance": 10 ** (ours.log10_distance - others.log10_distance.min())}


if __name__ == "__main__":
    main()
