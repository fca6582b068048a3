"""A small convolutional classifier, whose penultimate layer serves as feature space.

Quality of generated digits is measured as a Fréchet distance between features of real and of
generated images. Inception features come with a download and were made for colour photographs;
those of a classifier trained on the same digits need neither. The distance is then named after
this classifier, never "FID".
"""

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn
from tqdm import trange

from idem.data.datasets import to_unit

CHANNELS = (1, 16, 32, 64)
FEATURES = 64
CLASSES = 10
_SHRINK = 2 ** (len(CHANNELS) - 1)


class Classifier(nn.Module):
    """Three strided convolutions and two linear layers, for grey images in [-1, 1].

    Images are (batch, 1, side, side). Call `eval()` before measuring: in training mode BatchNorm
    makes the features of an image depend on the others in its batch.

    Raises:
        ValueError: `side` is no positive multiple of 8.
    """

    def __init__(self, side: int = 32) -> None:
        super().__init__()
        if side < _SHRINK or side % _SHRINK:
            raise ValueError(f"side: expected a positive multiple of {_SHRINK}, got {side}")
        convolutions = [layer for widths in pairwise(CHANNELS) for layer in _halving(*widths)]
        self.body = nn.Sequential(*convolutions, nn.Flatten())
        self.penultimate = nn.Linear(CHANNELS[-1] * (side // _SHRINK) ** 2, FEATURES)
        self.head = nn.Linear(FEATURES, CLASSES)

    def features(self, images: Tensor) -> Tensor:
        """Return the penultimate layer, (batch, 64), none of it negative."""
        return torch.relu(self.penultimate(self.body(images)))

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits, (batch, 10)."""
        return self.head(self.features(images))


def restored(weights: Mapping[str, Tensor]) -> Classifier:
    """Return the classifier with these weights, for the side they were trained at, in eval mode.

    Raises:
        ValueError: these are not the weights of a `Classifier`.
    """
    try:
        cells = weights["penultimate.weight"].shape[1] // CHANNELS[-1]
        model = Classifier(_SHRINK * round(cells**0.5))
        model.load_state_dict(weights)
    except (KeyError, IndexError, RuntimeError) as error:
        raise ValueError(f"not the weights of a Classifier: {error}") from error
    return model.eval()


def fit(
    model: Classifier,
    images: Tensor,
    labels: Tensor,
    *,
    seed: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
) -> None:
    """Train in place by Adam, its rate falling linearly to 0; a smaller last batch is left out.

    Args:
        model: changed in place, left in training mode.
        images: uint8 ``(N, 1, side, side)``.
        labels: ``(N,)``, whole numbers of 0 to 9.
        seed: of the order of the images, another in every epoch.
        epochs: how often all images are seen.
        batch_size: at most N.
        learning_rate: of the first step.
    """
    epoch_steps = len(images) // batch_size
    steps = epochs * epoch_steps
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    order = torch.Generator().manual_seed(seed)
    progress, batches = trange(steps, desc="classifier", unit="step", mininterval=1), ()
    for step in progress:
        if step % epoch_steps == 0:
            batches = torch.randperm(len(images), generator=order).split(batch_size)
        batch = batches[step % epoch_steps]
        loss = nn.functional.cross_entropy(model(to_unit(images[batch])), labels[batch].long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        progress.set_postfix(loss=f"{loss.item():.3f}", refresh=False)


@torch.no_grad()
def hits_per_class(model: Classifier, images: Tensor, labels: Tensor) -> Tensor:
    """Return how many images of each class are recognised, (10,), int64; in eval mode."""
    model.eval()
    guesses = torch.cat([model(to_unit(batch)).argmax(1) for batch in images.split(1000)])
    return torch.bincount(labels[guesses == labels], minlength=CLASSES)


def _halving(inputs: int, outputs: int) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]
