"""Tests lie as what they test does: tests/ROOM/test_NAME.py has its ROOM/NAME.py."""

from tests import ROOT

OF_NO_MODULE = {
    "tests/idem/rule/test_compatibility.py",  # the rule within what training loops are made of
    "tests/stages/test_light.py",  # what every stage imports
    "tests/stages/report/page/test_browser.py",  # the page as its readers see it
}


def test_every_test_has_its_module():
    lost = set()
    for room in ("idem", "stages"):
        for path in (ROOT / "tests" / room).rglob("test_*.py"):
            folder = ROOT / path.parent.relative_to(ROOT / "tests")
            name = path.stem.removeprefix("test_")
            if not any((folder / n).exists() for n in (f"{name}.py", name, f"__{name}__.py")):
                lost.add(path.relative_to(ROOT).as_posix())
    assert lost == OF_NO_MODULE
