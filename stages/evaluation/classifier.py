"""Stage classifier: train the classifier whose features the Fréchet distance is measured in."""

import hashlib
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import trange

from idem.data.datasets import load, to_unit
from idem.evaluation.classifier import CLASSES, Classifier
from stages.common import params
from stages.common.files import write_json, write_tensors
from stages.common.params import Classifier as Section

# The bytes of the weights depend on the number of threads; one is the same on every machine.
THREADS = 1


def train(model: Classifier, images: Tensor, labels: Tensor, section: Section) -> None:
    """Train in place by Adam, its rate falling linearly to 0; a smaller last batch is left out."""
    epoch_steps = len(images) // section.batch_size
    steps = section.epochs * epoch_steps
    optimizer = torch.optim.Adam(model.parameters(), lr=section.learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    order = torch.Generator().manual_seed(section.seed)
    progress, batches = trange(steps, desc="classifier", unit="step", mininterval=1), ()
    for step in progress:
        if step % epoch_steps == 0:
            batches = torch.randperm(len(images), generator=order).split(section.batch_size)
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


def main() -> None:
    """Train on the whole training split, measure on the test split."""
    args = params.arguments("train the classifier", dataset="name of the data set")
    section = params.read(args.params, params.Laptop).classifier
    torch.set_num_threads(THREADS)
    torch.manual_seed(section.seed)
    images, labels = load(args.dataset, "train")
    model = Classifier(images.shape[-1])
    train(model, images, labels, section)
    images, labels = load(args.dataset, "test")
    hits = hits_per_class(model, images, labels)
    weights = Path("data") / args.dataset / "classifier.safetensors"
    write_tensors(weights, model.state_dict())
    found = {
        "test_accuracy": hits.sum().item() / len(labels),
        "per_class": dict(enumerate((hits / torch.bincount(labels)).tolist())),
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
    }
    write_json(args.metrics / f"classifier_{args.dataset}.json", found)


if __name__ == "__main__":
    main()
