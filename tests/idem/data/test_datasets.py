import numpy as np
import pytest
import torch

from idem.data.datasets import (
    Labelled,
    check_name,
    hold_out,
    load,
    pad,
    save,
    to_unit,
)


def made_up(count: int, side: int = 4) -> Labelled:
    images = np.arange(count * side**2, dtype=np.uint8).reshape(count, 1, side, side)
    return Labelled(images, np.arange(count, dtype=np.uint8) % 10)


def test_pad_centres_and_keeps_every_pixel():
    images = made_up(2).images
    padded = pad(images, 9)
    assert padded.shape == (2, 1, 9, 9) and padded.dtype == np.uint8
    np.testing.assert_array_equal(padded[..., 2:6, 2:6], images)
    assert padded.sum(dtype=int) == images.sum(dtype=int)


def test_pad_to_the_same_side_changes_nothing():
    np.testing.assert_array_equal(pad(made_up(2).images, 4), made_up(2).images)


def test_pad_refuses_to_crop():
    with pytest.raises(ValueError, match="side: expected at least 4, got 3"):
        pad(made_up(2).images, 3)


def test_what_is_saved_is_loaded(tmp_path):
    save(tmp_path / "mnist", "test", made_up(12))
    images, labels = load("mnist", "test", root=tmp_path)
    assert images.dtype == labels.dtype == torch.uint8
    np.testing.assert_array_equal(images.numpy(), made_up(12).images)
    np.testing.assert_array_equal(labels.numpy(), made_up(12).labels)


def test_what_is_saved_again_leaves_the_old_arrays_to_those_who_hold_them(tmp_path):
    save(tmp_path / "mnist", "test", made_up(12))
    held, cached = load("mnist", "test", root=tmp_path)[0], tmp_path / "cache"
    cached.hardlink_to(tmp_path / "mnist/test_images.npy")
    save(tmp_path / "mnist", "test", made_up(3))
    np.testing.assert_array_equal(np.load(cached), made_up(12).images)
    np.testing.assert_array_equal(held.numpy(), made_up(12).images)
    assert len(load("mnist", "test", root=tmp_path)[0]) == 3


def test_load_puts_both_on_the_device(tmp_path):
    save(tmp_path / "mnist", "train", made_up(2))
    assert {x.device.type for x in load("mnist", "train", root=tmp_path, device="meta")} == {"meta"}


def test_load_says_which_stage_writes_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"train_images\.npy: not there; stage prepare"):
        load("mnist", "train", root=tmp_path)


@pytest.mark.parametrize("name", ["MNIST", "../mnist", ""])
def test_an_unknown_data_set_is_an_error(name):
    with pytest.raises(ValueError, match=f"unknown data set '{name}': expected one of mnist"):
        check_name(name)
    with pytest.raises(ValueError, match="unknown data set"):
        load(name, "train")


@pytest.mark.parametrize("split", ["validation", "Train", "../train"])
def test_an_unknown_split_is_an_error(tmp_path, split):
    message = f"unknown split '{split}' of mnist: expected one of train, valid, test"
    with pytest.raises(ValueError, match=message):
        load("mnist", split, root=tmp_path)


def test_the_last_items_are_held_out_and_none_is_lost():
    kept, held_out = hold_out(made_up(12), 3)
    assert [len(part.images) for part in (kept, held_out)] == [9, 3]
    for name in ("images", "labels"):
        both = np.concatenate([getattr(kept, name), getattr(held_out, name)])
        np.testing.assert_array_equal(both, getattr(made_up(12), name))


@pytest.mark.parametrize("count", [0, 1, 11, 12])
def test_too_few_or_too_many_to_hold_out_are_refused(count):
    with pytest.raises(ValueError, match=f"count: expected 2 to 10, got {count}"):
        hold_out(made_up(12), count)


def test_what_is_written_to_a_loaded_tensor_stays_out_of_the_file(tmp_path):
    save(tmp_path / "mnist", "test", made_up(12))
    load("mnist", "test", root=tmp_path)[0].zero_()
    np.testing.assert_array_equal(load("mnist", "test", root=tmp_path)[0], made_up(12).images)


def test_load_refuses_pickled_objects(tmp_path):
    save(tmp_path / "mnist", "train", made_up(2))
    np.save(tmp_path / "mnist" / "train_labels.npy", np.array([{}, {}]), allow_pickle=True)
    with pytest.raises(ValueError, match=r"train_labels\.npy: no \.npy file without objects"):
        load("mnist", "train", root=tmp_path)


def test_load_refuses_other_types_and_shapes(tmp_path):
    save(tmp_path / "mnist", "train", made_up(2))
    np.save(tmp_path / "mnist" / "train_labels.npy", np.zeros(2))
    with pytest.raises(ValueError, match="images uint8 and labels uint8, got uint8 and float64"):
        load("mnist", "train", root=tmp_path)
    np.save(tmp_path / "mnist" / "train_labels.npy", np.zeros(3, np.uint8))
    with pytest.raises(ValueError, match=r"got \(2, 1, 4, 4\) and \(3,\)"):
        load("mnist", "train", root=tmp_path)


def test_load_refuses_a_cut_file(tmp_path):
    save(tmp_path / "mnist", "train", made_up(2))
    path = tmp_path / "mnist" / "train_images.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"train_images\.npy: no \.npy file"):
        load("mnist", "train", root=tmp_path)


def test_to_unit_spans_minus_one_to_one_and_spares_its_argument():
    pixels = torch.tensor([0, 51, 255], dtype=torch.uint8)
    torch.testing.assert_close(to_unit(pixels), torch.tensor([-1.0, -0.6, 1.0]))
    assert pixels.tolist() == [0, 51, 255]
