"""Which corrector a rule substitutes: named, or given by its coefficients, and relaxed by γ.

`idem.rule.loss.idempotency_loss` takes its rule as a name, as numbers α₁ to α_j, or as an object
that has such numbers. With a step γ the corrector g(K) becomes (1 − γ)K + γ g(K), another one.
"""

import math
from collections.abc import Sequence
from typing import Any, Protocol, SupportsFloat

from idem.rule.corrector import MCWEENY, require_gamma

NAMED = {"modified": MCWEENY, "ordinary": None, "transposed": None}
"""The rules that have a name, with the coefficients of that which is given by some: ``ordinary`` is
automatic differentiation, and ``transposed`` substitutes what no polynomial is."""

_ROUNDING = 1e-6  # of coefficients given in float32


class Polynomial(Protocol):
    """Anything with coefficients, such as an `idem.theory.ansatz.Family` without free ones."""

    @property
    def coefficients(self) -> Sequence[Any]:
        """α₁ to α_j."""
        ...


Rule = str | Sequence[SupportsFloat] | Polynomial


def relaxed_coefficients(rule: Rule, gamma: float) -> list[float] | None:
    """Return those of (1 − γ)K + γ g(K) without trailing zeros; None where a rule has none.

    Raises:
        TypeError: gamma is not a real number.
        ValueError: for a name that is not known, coefficients that are no numbers, not finite or
            do not sum to 1, as g(1) = 1 asks (section 2.1), a gamma not between 0 and 2, or one
            other than 1 for ``ordinary``.
    """
    require_gamma(gamma)
    if isinstance(rule, str):
        if rule not in NAMED:
            raise _unknown(rule)
        if rule == "ordinary" and gamma != 1:
            raise ValueError(f"gamma: the ordinary rule has no step, expected 1, got {gamma}")
        rule = NAMED[rule]
        if rule is None:
            return None
    first, *others = _numbers(rule)
    relaxed = [gamma * first + (1 - gamma), *(gamma * alpha for alpha in others)]
    while len(relaxed) > 1 and relaxed[-1] == 0:
        relaxed.pop()
    return relaxed


def _numbers(rule: Any) -> list[float]:
    try:
        given = list(getattr(rule, "coefficients", rule))
    except TypeError as error:
        raise _unknown(rule) from error
    try:
        numbers = [float(alpha) for alpha in given]
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"rule: expected numbers as coefficients, got {given}; substitute values for those "
            "that are free"
        ) from error
    total, magnitude = sum(numbers), sum([abs(alpha) for alpha in numbers])
    if not math.isfinite(magnitude) or abs(total - 1) > _ROUNDING * (1 + magnitude):
        raise ValueError(
            "rule: expected finite coefficients α_1, ..., α_j that sum to 1, so that an idempotent "
            f"f stays as it is, got {given}, of sum {total:.9g}"
        )
    return numbers


def _unknown(rule: Any) -> ValueError:
    return ValueError(
        f"rule: expected one of {', '.join(NAMED)}, got {rule!r}; another corrector is "
        f"given by its coefficients, as in {MCWEENY}"
    )
