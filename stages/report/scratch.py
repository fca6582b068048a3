"""A copy of the repository in which the pipeline runs with other parameters, leaving this alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "idem"), ("EMAIL", "idem@localhost"))
}


def copy_repository(source: Path, target: Path) -> None:
    """Copy every file git tracks or does not ignore, as it is in the working tree, and commit it.

    Downloads are shared, so that the copy fetches nothing that is already here.
    """
    listed = run(["git", "ls-files", "-co", "--exclude-standard"], source).split("\n")
    for name in filter(None, listed):
        if (source / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, target / name)
    (source / ".cache").mkdir(exist_ok=True)
    (target / ".cache").symlink_to((source / ".cache").resolve())
    run(["git", "init", "--quiet"], target)
    run(["git", "add", "--all"], target)
    run(["git", "-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "Copy"], target)


def reproduce(folder: Path, changes: list[str]) -> None:
    """Run the pipeline in `folder` as an experiment with parameters changed, as `-S` takes them."""
    settings = [word for change in changes for word in ("--set-param", change)]
    run(["dvc", "exp", "run", *settings], folder, shown=True)


def run(command: list[str], folder: Path, shown: bool = False) -> str:
    """Return what a command prints, or show it as it comes; stop with its words if it fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | AUTHOR | {"PATH": path},
        stdout=None if shown else subprocess.PIPE,
        stderr=None if shown else subprocess.STDOUT,
        text=True,
    )
    if result.returncode:
        sys.exit(f"{' '.join(command[:3])} failed with {result.returncode}:\n{result.stdout or ''}")
    return result.stdout or ""
