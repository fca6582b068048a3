"""Parameters of the verdicts: from where on numbers count as different, and as a result."""

from typing import Annotated

from pydantic import Field

from stages.common.params.section import Confidence, Count, Fraction, Named, Positive, Section


class Judging(Section):
    """What counts as a difference between models, and as a result."""

    least_runs: Count
    confidence: Confidence
    least_effect: Positive
    projection_below: Positive


class DigitClaims(Judging):
    """What counts for generated images of ten classes."""

    least_digits: Annotated[int, Field(ge=1, le=10)]


class OneMap(Section):
    """What is asked of a network that generates in eval mode, at most."""

    frechet_distance: Positive
    relative_error: Positive
    reconstruction_error: Positive


class StudyClaims(DigitClaims):
    """What counts in the generative study, for its own goal too."""

    one_map: OneMap


class Claims(DigitClaims):
    """What counts for the claims of the whole paper."""

    least_steps: Count
    as_predicted_from: Fraction
    near_zero: Positive
    comparable: Positive
    collapsed_below: Annotated[float, Field(gt=0, lt=1)]
    shrinks_from: Positive
    precision_factor: Positive
    least_converging: Fraction
    equality_tolerance: Positive
    linear_exponent_tolerance: Positive
    published_median: Named[Positive]
    published_largest: Positive
    holds_from: Fraction
    memorised_below: Fraction
    perfected_below: Fraction
    spread_from: Fraction


class PhotographClaims(Judging):
    """What counts for generated images that have no classes."""

    least_coverage: Fraction
