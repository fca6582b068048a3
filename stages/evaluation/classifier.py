"""Stage classifier: train the classifier whose features the Fréchet distance is measured in."""

import hashlib
from pathlib import Path

import torch

from idem.data.datasets import load
from idem.evaluation.classifier import Classifier, fit, hits_per_class
from stages.common import params
from stages.common.files import write_json, write_tensors

# The bytes of the weights depend on the number of threads; one is the same on every machine.
THREADS = 1


def main() -> None:
    """Train on the whole training split, measure on the test split."""
    args = params.arguments("train the classifier", dataset="name of the data set")
    section = params.read(args.params, params.Laptop).classifier
    torch.set_num_threads(THREADS)
    torch.manual_seed(section.seed)
    images, labels = load(args.dataset, "train")
    model = Classifier(images.shape[-1])
    fit(model, images, labels, **section.model_dump())
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
