"""JPEG bytes of any size and mode to a small square of pixels; needs Pillow.

The bytes are not trusted: only JPEG is decoded, and only up to `MAX_PIXELS`. Pillow's `draft` mode
would take 0.3 ms for an image of CelebA's official size instead of 0.5, but scales in the blocks of
the JPEG, so that the pixels depend on where these lie. torchvision decodes to the same pixels, but
its antialiased scaling differs from Pillow's in the last digit, and it loads torch.
"""

import io
import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

MAX_PIXELS = 16_000_000
_MAGIC = b"\xff\xd8\xff"


class Photograph(NamedTuple):
    """Pixels (3, side, side), uint8; width, height and mode as they were in the file."""

    pixels: NDArray[np.uint8]
    size: tuple[int, int]
    mode: str


def decode_square(content: bytes, side: int) -> Photograph:
    """Decode a JPEG, cut out the centre as a square, scale it to `side` with antialiasing.

    The square has the length of the shorter side; an odd margin leaves the extra row or column at
    the bottom or on the right. One that has the right size is not resampled. Grey and CMYK become
    RGB.

    Raises:
        ValueError: no JPEG, a broken one, or one of more than `MAX_PIXELS`; with the reason.

    Example:
        >>> decode_square(Path("000001.jpg").read_bytes(), 64).pixels.shape
        (3, 64, 64)
    """
    if not content.startswith(_MAGIC):
        raise ValueError(f"no JPEG: begins with {content[:4].hex() or 'nothing'}, not ffd8ff")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on sizes, which are checked here, and on EXIF data
        image, mode = _decoded(content)
    pixels = np.asarray(_square(image).resize((side, side), Image.Resampling.BICUBIC))
    return Photograph(pixels.transpose(2, 0, 1), image.size, mode)


def _decoded(content: bytes) -> tuple[Image.Image, str]:
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
            if image.width * image.height <= MAX_PIXELS:
                return image.convert("RGB"), image.mode
        problem = f"{image.width}×{image.height}: expected at most {MAX_PIXELS} pixels"
    except UnidentifiedImageError:
        problem = "broken JPEG: its header cannot be read"  # Pillow's words hold an address
    except Image.DecompressionBombError:
        problem = f"expected at most {MAX_PIXELS} pixels"
    except Exception as error:  # a decoder fed with noise raises nearly anything
        problem = f"broken JPEG: {str(error) or type(error).__name__}"
    raise ValueError(problem)


def _square(image: Image.Image) -> Image.Image:
    short = min(image.size)
    left, top = (image.width - short) // 2, (image.height - short) // 2
    return image.crop((left, top, left + short, top + short))
