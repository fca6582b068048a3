import io

import numpy as np
import pytest
from PIL import Image

from idem.data.jpeg import MAX_PIXELS, decode_square


def smooth(width: int, height: int) -> np.ndarray:
    """Return pixels (height, width, 3) that a JPEG of the best quality changes by little."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x / width, y / height, (x + y) / (width + height)], 2) * 255


def encoded(image: Image.Image, form: str = "JPEG") -> bytes:
    content = io.BytesIO()
    image.save(content, form, **({"quality": 100, "subsampling": 0} if form == "JPEG" else {}))
    return content.getvalue()


def jpeg(width: int, height: int, mode: str = "RGB") -> bytes:
    return encoded(Image.fromarray(smooth(width, height).astype(np.uint8)).convert(mode))


def test_an_image_of_the_right_size_is_taken_as_it_is():
    content = jpeg(64, 64)
    decoded = np.asarray(Image.open(io.BytesIO(content)))
    image = decode_square(content, 64)
    assert image.pixels.shape == (3, 64, 64) and image.pixels.dtype == np.uint8
    np.testing.assert_array_equal(image.pixels.transpose(1, 2, 0), decoded)
    assert (image.size, image.mode) == ((64, 64), "RGB")


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((178, 218), (0, 20, 178, 198)),  # the official files
        ((9, 6), (1, 0, 7, 6)),
        ((6, 9), (0, 1, 6, 7)),
        ((8, 8), (0, 0, 8, 8)),
    ],
)
def test_the_centre_is_cut_out_and_keeps_its_pixels(size, box):
    content, side = jpeg(*size), min(size)
    decoded = np.asarray(Image.open(io.BytesIO(content)))
    left, top, right, bottom = box
    expected = decoded[top:bottom, left:right]
    pixels = decode_square(content, side).pixels
    np.testing.assert_array_equal(pixels.transpose(1, 2, 0), expected)
    assert decode_square(content, side).size == size


def test_scaling_averages_what_it_skips():
    """Without antialiasing, alternating columns would come out black or white."""
    columns = np.tile(np.array([0, 255], np.uint8), (128, 64))
    pixels = decode_square(encoded(Image.fromarray(columns)), 16).pixels
    assert np.abs(pixels.astype(float) - 127.5).max() < 6


def test_scaling_up_and_down_keeps_smooth_images():
    for width, height in ((178, 218), (40, 64)):
        pixels = decode_square(jpeg(width, height), 64).pixels.transpose(1, 2, 0)
        short = min(width, height)
        left, top = (width - short) // 2, (height - short) // 2
        cut = smooth(width, height)[top : top + short, left : left + short]
        centres = (np.arange(64) + 0.5) * short / 64 - 0.5
        nearest = centres.round().astype(int).clip(0, short - 1)
        assert np.abs(pixels - cut[np.ix_(nearest, nearest)]).max() < 8


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_cmyk_become_rgb_and_are_told(mode):
    image = decode_square(jpeg(64, 64, mode), 64)
    expected = Image.open(io.BytesIO(jpeg(64, 64, mode))).convert("RGB")
    assert image.mode == mode and image.pixels.shape == (3, 64, 64)
    np.testing.assert_array_equal(image.pixels.transpose(1, 2, 0), np.asarray(expected))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no JPEG: begins with nothing"),
        (b"<html>", "no JPEG: begins with 3c68746d"),
        (encoded(Image.new("RGBA", (64, 64)), "PNG"), "no JPEG: begins with 89504e47"),
        (encoded(Image.new("RGB", (64, 64)), "BMP"), "no JPEG: begins with 424d"),
        (b"\xff\xd8\xff", "broken JPEG"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "broken JPEG: its header cannot be read$"),
        (jpeg(64, 64)[:-200], r"broken JPEG: image file is truncated \(\d+ bytes not processed\)"),
    ],
)
def test_what_is_no_intact_jpeg_is_an_error(content, message):
    with pytest.raises(ValueError, match=message):
        decode_square(content, 64)


def resized(content: bytes, width: int, height: int) -> bytes:
    """Return a JPEG whose header claims another size."""
    frame = content.index(b"\xff\xc0") + 5
    claimed = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return content[:frame] + claimed + content[frame + 4 :]


@pytest.mark.parametrize("width", [4001, 30_000, 65_500])
def test_a_decompression_bomb_is_not_decoded(width):
    bomb = resized(jpeg(64, 64), width, width)
    with pytest.raises(ValueError, match=f"expected at most {MAX_PIXELS} pixels"):
        decode_square(bomb, 64)


def test_noise_in_a_jpeg_is_decoded_or_refused_but_never_another_error():
    content, rng = jpeg(32, 32), np.random.default_rng(0)
    refused = 0
    for _ in range(500):
        noisy = np.frombuffer(content, np.uint8).copy()
        places = rng.integers(3, len(noisy), 10)
        noisy[places] = rng.integers(0, 256, 10)
        try:
            assert decode_square(noisy.tobytes(), 16).pixels.shape == (3, 16, 16)
        except ValueError:
            refused += 1
    assert 0 < refused < 500
