"""Which source files decide a result: the one walk over imports that everything relies on.

The test of the pipelines holds the code dependencies of every stage in a dvc.yaml, which are
folders, against the folders of these files; the key of a checkpoint is of the code in these files
themselves (`stages.common.source`), so that a long run dies of nothing that it does not use.

Modules are imported as modules: what a room re-exports is for users of the library, and a stage
that went through it would reach files that the walk does not see. So that is an error.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("idem", "stages")
# What decides no number, and why. The walk ends there.
DECIDES_NOTHING = {
    "idem/checkpoint.py": "saves a computation and brings it back, to the same bytes",
    "idem/files.py": "writes files whole",
    "stages/common": "checks parameters, runs units side by side, resumes, writes files",
}


@cache
def deciding_files(module: str, root: Path = ROOT) -> tuple[str, ...]:
    """Return the files that a module reaches by imports and whose content may decide its results.

    Args:
        module: in dots; a package stands for its ``__main__``.
        root: of the repository.

    Returns:
        Paths from the root, with slashes, in order; the module's own among them.

    Raises:
        ValueError: if there is no such module, or one of them imports what is no module from a
            room.
    """
    start = _file_of(module, root) or _file_of(f"{module}.__main__", root)
    if start is None:
        raise ValueError(f"{module}: expected a module below {root}")
    reached: set[str] = set()
    new = {start}
    while new:
        reached |= new
        new = {file for name in new for file in _imported(name, root)} - reached
    return tuple(sorted(reached))


def deciding_folders(module: str) -> tuple[str, ...]:
    """Return the folders of `deciding_files`, in order, but those inside another of them."""
    folders = {Path(file).parent for file in deciding_files(module)}
    return tuple(sorted(f.as_posix() for f in folders if folders.isdisjoint(f.parents)))


def _imported(file: str, root: Path) -> Iterator[str]:
    """Yield the files of this repository that a file imports, exceptions left out."""
    for name in _names(ast.parse((root / file).read_text(encoding="utf-8"))):
        found = _file_of(name, root)
        if _decides_nothing(found or name.replace(".", "/")):
            continue
        if found is None:
            raise ValueError(
                f"{file}: expected modules to be imported as modules, got {name}, which is a room "
                "or what it re-exports; import the module that defines what is used"
            )
        yield found


def _names(tree: ast.AST) -> Iterator[str]:
    """Yield what a file imports of these packages: modules, or names within them, in dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield ast.unparse(node)  # whole: no file has this name, so that it is refused
            continue
        elif isinstance(node, ast.ImportFrom):
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in found if name.partition(".")[0] in PACKAGES)


def _file_of(name: str, root: Path) -> str | None:
    """Return the file of a module, or of the module that defines a name."""
    parts = name.split(".")
    for file in (f"{'/'.join(part)}.py" for part in (parts, parts[:-1])):
        if (root / file).is_file():
            return file
    return None


def _decides_nothing(file: str) -> bool:
    return any(Path(file).is_relative_to(exception) for exception in DECIDES_NOTHING)
