"""The walk over imports: what it finds, where it ends, what it refuses."""

from pathlib import Path

import pytest
import yaml

from stages.common import imports
from stages.common.imports import DECIDES_NOTHING, deciding_files, deciding_folders
from tests import ROOT

PIPELINES = [
    "dvc.yaml",
    *(f"stages/pipelines/{name}/dvc.yaml" for name in ("paper", "study", "celeba")),
]
STAGES = {
    f"{file}:{name}": stage.get("do", stage)
    for file in PIPELINES
    for name, stage in yaml.safe_load((ROOT / file).read_text())["stages"].items()
}


def is_code(dependency: str) -> bool:
    return dependency.startswith(("idem/", "stages/")) and not Path(dependency).suffix


@pytest.mark.parametrize("stage", STAGES)
def test_the_code_dependencies_of_a_stage_are_the_folders_it_reaches(stage: str):
    known = STAGES[stage]
    listed = [name for name in known["deps"] if is_code(name)]
    assert listed == list(deciding_folders(known["cmd"].split()[2]))
    assert not [name for name in known["deps"] if name.endswith(".py")]


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_modules_are_found_however_they_are_imported(tmp_path: Path):
    write(
        tmp_path,
        idem__a__one="import idem.a.two\nfrom math import pi\n",
        idem__a__two="def f():\n    from idem.b import three, four as other\n",
        idem__b__three="from idem.b.five import name\n",
        idem__b__four="",
        idem__b__five="import idem.a.one\n",
        idem__b__six="",
    )
    expected = ("idem/a/one.py", "idem/a/two.py", "idem/b/five.py", "idem/b/four.py")
    assert deciding_files("idem.a.one", tmp_path) == (*expected, "idem/b/three.py")


def test_the_walk_ends_at_what_decides_nothing(tmp_path: Path):
    write(
        tmp_path,
        stages__a__one="from idem import checkpoint\nfrom stages.common import files, params\n",
        stages__common__files="from stages.b import two\n",
        stages__b__two="",
        idem__checkpoint="",
    )
    assert deciding_files("stages.a.one", tmp_path) == ("stages/a/one.py",)


@pytest.mark.parametrize(
    "line",
    ["from idem.a import name", "from idem import a", "import idem"],
)
def test_what_a_room_re_exports_is_refused(tmp_path: Path, line: str):
    write(tmp_path, idem__a__two="name = 1\n", stages__b__one=f"{line}\n")
    with pytest.raises(ValueError, match=r"one.py: expected modules .* got idem"):
        deciding_files("stages.b.one", tmp_path)


@pytest.mark.parametrize("line", ["from .two import name", "from .checkpoint import name"])
def test_relative_imports_are_refused(tmp_path: Path, line: str):
    write(tmp_path, stages__b__two="", idem__checkpoint="", stages__b__one=f"{line}\n")
    with pytest.raises(ValueError, match=rf"one.py: expected modules .* got {line}"):
        deciding_files("stages.b.one", tmp_path)


def test_an_unknown_module_is_named():
    with pytest.raises(ValueError, match=r"stages\.nowhere: expected a module below"):
        deciding_files("stages.nowhere")


def test_a_package_stands_for_its_main(tmp_path: Path):
    write(tmp_path, stages__a____main__="", stages__a__one="")
    (tmp_path / "stages/a/__main__.py").write_text("from stages.a import one\n")
    assert deciding_files("stages.a", tmp_path) == ("stages/a/__main__.py", "stages/a/one.py")


def test_every_exception_is_there():
    assert all((imports.ROOT / name).exists() for name in DECIDES_NOTHING)
