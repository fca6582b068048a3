"""Tests lie as what they test does: tests/ROOM/test_NAME.py has its ROOM/NAME.py (or folder)."""

from tests import ROOT

OF_NO_MODULE = {
    "tests/idem/test_init.py",  # what idem/__init__.py and those of its rooms make importable
    "tests/stages/test_light.py",  # what all stages import
}


def test_every_test_has_its_module():
    for room in ("idem", "stages"):
        for path in (ROOT / "tests" / room).rglob("test_*.py"):
            name = path.relative_to(ROOT).as_posix()
            tested = ROOT / name.removeprefix("tests/").replace("/test_", "/")
            found = tested.exists() or tested.with_suffix("").is_dir()
            assert found != (name in OF_NO_MODULE), name
