"""Stage linear: the recurrence on matrices and on the plane, measured for claims L2 to L5."""

import math
from typing import Any

import numpy as np
import pandas as pd
import sympy
import torch
from torch import Tensor

from idem.linear import gallery
from idem.rule import corrector
from idem.rule.loss import idempotency_loss
from idem.theory import ansatz, jordan
from stages.common import params
from stages.common.engine import run_units
from stages.common.files import write_csv, write_json, write_npz
from stages.linear import plane, recurrence
from stages.linear.recurrence import log10_of


def main() -> None:
    """Measure every part of the linear study and write its tables."""
    args = params.arguments("study the recurrence and draw the basins of attraction")
    section = params.read(args.params, params.Laptop).linear
    units = [(section, case) for case in recurrence.cases(section)]
    runs = pd.concat(run_units(recurrence.study, units, "linear"), ignore_index=True)
    (ensembles,) = run_units(recurrence.random_matrices, [(section,)], "linear")  # on one thread
    planes = plane.quarter_plane(section)
    measured = {
        "L2": fixed_points(section),
        "L3": stability(section),
        "L4": attraction(section, runs, ensembles),
        "L5": one_layer(section),
        "corrector_orders": residual_orders(section),
        "cases": recurrence.by_case(runs),
        "ensembles": recurrence.shares(ensembles),
        "plane": plane.plane_shares(section, planes),
        "real_basins": {
            f"gamma_{gamma:g}": plane.real_ends(section, gamma) for gamma in section.gammas
        },
    }
    write_json(args.metrics / "linear.json", measured)
    write_csv(args.metrics / "recurrence.csv", runs)
    write_csv(args.metrics / "ensembles.csv", ensembles)
    write_csv(args.metrics / "scalar_map.csv", plane.scalar_map(section))
    write_npz(args.metrics / "basins.npz", planes)


def residual_orders(section: params.Linear) -> dict[str, float]:
    """Measure that the corrector of order n leaves a residual of order n + 1 in the noise."""
    draw = torch.Generator().manual_seed(section.seed)
    P = gallery.orthogonal_projectors(1, section.size, section.size // 2, draw)
    D = gallery.ginibre(1, section.size, 1.0, draw)
    found = {}
    for order in (1, 2, 3):
        coefficients = [float(a) for a in ansatz.solve(order, 2 * order + 1)[0].coefficients]
        large, small = (
            float(corrector.matrix_residual(corrector.evaluate(coefficients, P + noise * D)))
            for noise in section.noises
        )
        ratio = math.log(section.noises[0] / section.noises[1])
        found[f"residual_order_of_corrector_{order}"] = math.log(large / small) / ratio
    return found


def fixed_points(section: params.Linear) -> dict[str, float]:
    """Measure how far g moves a matrix with eigenvalues 0, ½, 1, and Jordan blocks over them.

    The matrix is diagonalisable in an oblique basis (section 2.2).
    """
    basis = gallery.oblique_basis(1, 6, torch.Generator().manual_seed(section.seed))[0]
    values = torch.tensor([0, 0, 0.5, 0.5, 1, 1], dtype=torch.float64)
    fixed = basis @ torch.diag(values) @ torch.linalg.inv(basis)
    blocks = torch.tensor([[[x, 1.0], [0.0, x]] for x in (0.0, 0.5, 1.0)], dtype=torch.float64)
    return {
        "log10_defect_of_diagonalisable": log10_of(float(_defect(fixed))),
        "least_defect_of_jordan_block": float(_defect(blocks).min()),
    }


def stability(section: params.Linear) -> dict[str, Any]:
    """Compare the Jacobian of the matrix map with the exact spectrum, at P and at ½."""
    basis = gallery.oblique_basis(1, 5, torch.Generator().manual_seed(section.seed))[0]
    half = sympy.Rational(1, 2)
    worst, tangential, attracts, repels = 0.0, 0, [], []
    for gamma in section.gammas:
        exact = jordan.derivative_spectrum(2, 5, sympy.Float(gamma))
        expected = np.sort(np.concatenate([[float(v)] * int(c) for v, c in exact.items()]))
        found = np.sort(_jacobian_eigenvalues(basis, [1.0, 1, 0, 0, 0], gamma))
        at_half = _jacobian_eigenvalues(basis, [0.5, 1, 0, 0, 0], gamma)
        repelling = float(jordan.multipliers(sympy.Float(gamma))[half])
        errors = np.append(np.abs(found - expected), abs(at_half.max() - repelling))
        worst = max(worst, float(errors.max()))
        tangential = int(np.sum(np.abs(found - 1) < 1e-6))
        attracts.append(tangential == 2 * 2 * 3 and float(np.sort(np.abs(found))[-13]) < 1)
        repels.append(float(at_half.max()) > 1)
    at_zero = jordan.multipliers(sympy.Integer(0))[half]
    return {
        "log10_error_of_exact_spectrum": log10_of(worst),
        "tangential_directions_at_rank_2_of_5": tangential,
        "share_of_gammas_attracting": float(np.mean(attracts)),
        "share_of_gammas_repelling_at_half": float(np.mean(repels)),
        "largest_gamma_tried": max(section.gammas),
        "multiplier_at_half_for_gamma_0": int(at_zero),
    }


def attraction(
    section: params.Linear, runs: pd.DataFrame, ensembles: pd.DataFrame
) -> dict[str, Any]:
    """Return how near to machine precision the matrices of either table come, by family.

    ``log10_floor_in_rounding_units`` is that of the worst matrix in double precision, in units of
    its size times the rounding unit.
    """
    wide = runs[runs["dtype"].isin(["float64", "complex128"]) & (runs["gamma"] == 1)]
    above = wide["log10_floor"] - np.log10(wide["size"] * 2**-52)
    own = wide["rank"] == wide["exact_rank"]
    random = ensembles[(ensembles["ensemble"] == "ginibre") & ensembles["converged"]]
    at_size = wide[(wide["family"] == "symmetric") & (wide["size"] == section.size)]
    by_gap = at_size.groupby("gap", sort=False)["steps"].median()
    normal = runs[runs["dtype"] == "complex128"].groupby("gap")
    safe = normal.apply(lambda case: bool((case["rank"] == case["exact_rank"]).all()))
    by_dtype = runs[(runs["family"] == "symmetric") & (runs["gamma"] == 1)].groupby("dtype")
    return {
        "order_of_convergence": float(at_size["order"].median()),
        "steps_by_gap": {f"gap_{gap:g}": float(steps) for gap, steps in by_gap.items()},
        "log10_floor_by_dtype": by_dtype["log10_floor"].median().to_dict(),
        "log10_floor_in_rounding_units": above.groupby(wide["family"]).max().to_dict(),
        "share_of_right_rank_by_family": own.groupby(wide["family"]).mean().to_dict(),
        "largest_safe_radius": _radius(safe.index[safe].min()),
        "least_unsafe_radius": _radius(safe.index[~safe].max()),
        "share_of_converging_ginibre_with_rank_0": float((random["rank"] == 0).mean()),
    }


def one_layer(section: params.Linear) -> dict[str, float]:
    """Measure that one SGD step of rate gamma on f(x) = Wx is one step of the relaxed recurrence.

    The input is whitened, XᵀX = B I. For symmetric W the ordinary rule takes the same step.
    """
    draw, size, batch = torch.Generator().manual_seed(section.seed), 8, 32
    x = math.sqrt(batch) * gallery.orthonormal(1, batch, draw)[0, :, :size]
    worst = {"modified": 0.0, "ordinary": 0.0}
    for gamma in section.gammas:
        general = torch.randn(size, size, generator=draw, dtype=torch.float64) / math.sqrt(size)
        for rule, W in (("modified", general), ("ordinary", (general + general.mT) / 2)):
            difference = _descend(W, x, gamma, rule) - corrector.relaxed_step(W, gamma)
            worst[rule] = max(worst[rule], float(difference.abs().max()))
    return {
        "log10_largest_difference": log10_of(worst["modified"]),
        "log10_largest_difference_ordinary_symmetric": log10_of(worst["ordinary"]),
    }


def _radius(gap: float) -> float:
    return round(0.5 - gap, 12)


def _defect(K: Tensor) -> Tensor:
    return torch.linalg.matrix_norm(corrector.correct(K) - K)


def _descend(W: Tensor, x: Tensor, gamma: float, rule: str) -> Tensor:
    """Return the weights after one SGD step of rate gamma on f(x) = W x, items in rows of `x`."""
    weight = W.clone().requires_grad_()
    idempotency_loss(lambda items: items @ weight.mT, x, rule).backward()
    torch.optim.SGD([weight], lr=gamma).step()
    return weight.detach()


def _jacobian_eigenvalues(basis: Tensor, values: list[float], gamma: float) -> np.ndarray:
    point = basis @ torch.diag(torch.tensor(values, dtype=basis.dtype)) @ torch.linalg.inv(basis)
    jacobian = torch.func.jacrev(lambda K: corrector.relaxed_step(K, gamma))(point)
    return torch.linalg.eigvals(jacobian.reshape(point.numel(), -1)).real.numpy()


if __name__ == "__main__":
    main()
