from pathlib import Path

from stages.sweeps.so_far import else_so_far, forget_so_far, so_far


def test_it_has_the_name_and_ending_of_the_whole():
    assert so_far(Path("a/near.json")) == Path("a/near_so_far.json")
    assert so_far(Path("a/near")) == Path("a/near_so_far")


def test_what_is_whole_comes_first(tmp_path: Path):
    whole = tmp_path / "near.json"
    assert else_so_far(whole) == whole
    so_far(whole).touch()
    assert else_so_far(whole) == so_far(whole)
    whole.touch()
    assert else_so_far(whole) == whole


def test_all_of_a_name_is_forgotten_and_nothing_else(tmp_path: Path):
    others = [tmp_path / name for name in ("near.csv", "far_so_far.csv")]
    gone = [tmp_path / f"near_so_far{end}" for end in (".csv", ".json", "_lines.csv")]
    for path in (*others, *gone):
        path.touch()
    forget_so_far(tmp_path / "near")
    assert sorted(tmp_path.iterdir()) == sorted(others)
