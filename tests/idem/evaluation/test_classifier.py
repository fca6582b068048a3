import json

import pytest
import torch

from idem.evaluation.classifier import (
    CLASSES,
    FEATURES,
    Classifier,
    fit,
    hits_per_class,
    restored,
)
from tests import ROOT


@pytest.fixture
def model() -> Classifier:
    torch.manual_seed(0)
    return Classifier().eval()


def images(count: int, side: int = 32) -> torch.Tensor:
    return torch.rand(count, 1, side, side, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("side", [8, 32, 64])
def test_shapes_at_any_side_that_halves_three_times(side):
    model, batch = Classifier(side), images(3, side)
    assert model.features(batch).shape == (3, FEATURES)
    assert model(batch).shape == (3, CLASSES)


@pytest.mark.parametrize("side", [-8, 0, 28])
def test_other_sides_are_refused(side):
    with pytest.raises(ValueError, match=f"expected a positive multiple of 8, got {side}"):
        Classifier(side)


def test_logits_are_the_head_of_non_negative_features(model):
    features = model.features(images(5))
    assert features.min() >= 0 and features.max() > 0
    torch.testing.assert_close(model(images(5)), model.head(features))


def test_in_eval_mode_an_image_is_judged_alone(model):
    together = model.features(images(5))
    alone = torch.cat([model.features(image[None]) for image in images(5)])
    torch.testing.assert_close(together, alone)


def test_it_learns_two_easy_classes():
    torch.manual_seed(0)
    model, labels = Classifier(8), torch.arange(32) % 2
    seen = ((images(32, 8) + 1) * 127.5).byte()
    seen[labels == 1, :, 2:6, 2:6] = 255
    assert hits_per_class(model, seen, labels).sum() < 20
    fit(model.train(), seen, labels, seed=0, epochs=20, batch_size=16, learning_rate=3e-3)
    assert hits_per_class(model, seen, labels).tolist() == [16, 16] + [0] * 8


@pytest.mark.parametrize("side", [8, 32, 64])
def test_restored_finds_the_side_and_is_in_eval_mode(side):
    model = Classifier(side).eval()
    twin = restored(model.state_dict())
    assert not twin.training
    assert torch.equal(twin(images(2, side)), model(images(2, side)))


@pytest.mark.parametrize("change", [{}, {"penultimate.weight": torch.zeros(64)}])
def test_restored_refuses_other_weights(change):
    with pytest.raises(ValueError, match="not the weights of a Classifier"):
        restored(change)


def test_restored_refuses_a_missing_layer(model):
    weights = model.state_dict()
    del weights["head.bias"]
    with pytest.raises(ValueError, match=r"head\.bias"):
        restored(weights)


def test_the_classifier_of_this_commit_is_good_enough_to_judge_by():
    path = ROOT / "metrics/laptop/classifier_mnist.json"
    assert json.loads(path.read_text())["test_accuracy"] >= 0.985
