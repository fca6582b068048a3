"""Parameters of the data sets."""

from typing import Annotated

from pydantic import Field

from stages.common.params.section import Fraction, Section


class Prepare(Section):
    """A data set as square uint8 arrays; every network here halves its images three times."""

    image_size: Annotated[int, Field(ge=32, multiple_of=8)]


class PrepareMNIST(Prepare):
    """As `Prepare`, with images of the official training split kept for validation."""

    valid_images: Annotated[int, Field(ge=2, le=30_000)]


class PrepareCelebA(Prepare):
    """As `Prepare`, from an archive of which a fraction may be broken and is left out then."""

    most_broken: Fraction
