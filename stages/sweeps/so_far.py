"""What there is of a stage's outputs while some of its units lack, under names of its own."""

from pathlib import Path


def so_far(path: Path) -> Path:
    """Return what an output is called while some units lack; of several, without their ending."""
    return path.with_stem(f"{path.stem}_so_far")


def forget_so_far(path: Path) -> None:
    """Remove what there was so far of the outputs whose names begin so."""
    for file in path.parent.glob(f"{so_far(path).name}*"):
        file.unlink()


def else_so_far(path: Path) -> Path:
    """Return an output, or where there is only what there is of it so far, that."""
    return next((there for there in (path, so_far(path)) if there.exists()), path)
