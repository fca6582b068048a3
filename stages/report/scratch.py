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
NOWHERE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
# What a user has set up for git is not asked: hooks, signatures, lists of ignored names.
GIT = ["git", "-c", "safe.directory=*", "-c", f"core.excludesFile={os.devnull}"]
GIT += ["-c", "core.autocrlf=false", "-c", f"core.hooksPath={os.devnull}"]


def copy_repository(source: Path, target: Path) -> None:
    """Copy every file git tracks or does not ignore, as it is in the working tree, and commit it.

    The copy is a repository of its own, whatever the environment says of git, and nothing is
    written elsewhere. Downloads are shared, so that the copy fetches nothing that is already here.
    """
    listed = run([*GIT, "ls-files", "-coz", "--exclude-standard"], source).split("\0")
    copied = [name for name in listed if name and (source / name).is_file()]
    for name in copied:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / name, target / name)
    (source / ".cache").mkdir(exist_ok=True)
    (target / ".cache").symlink_to((source / ".cache").resolve())
    run([*GIT, "init", "--quiet"], target)
    from_input = ["--pathspec-from-file=-", "--pathspec-file-nul"]
    run([*GIT, "--literal-pathspecs", "add", "--force", *from_input], target, "\0".join(copied))
    run([*GIT, "commit", "--quiet", "--message", "Copy"], target)


def reproduce(folder: Path, changes: list[str]) -> None:
    """Run the pipeline in `folder` as an experiment with parameters changed, as `-S` takes them."""
    settings = [word for change in changes for word in ("--set-param", change)]
    run(["dvc", "exp", "run", *settings], folder, shown=True)


def run(command: list[str], folder: Path, given: str = "", *, shown: bool = False) -> str:
    """Return what a command prints, or show it as it comes; stop with its words if it fails.

    Args:
        command: the words.
        folder: where it runs, in an environment without a word of git's.
        given: its standard input.
        shown: let it print.
    """
    result = subprocess.run(
        command,
        cwd=folder,
        env=environment(),
        input=given,
        stdout=None if shown else subprocess.PIPE,
        stderr=None if shown else subprocess.PIPE,
        text=True,
        errors="surrogateescape",
    )
    if result.returncode:
        said = f"{result.stdout or ''}{result.stderr or ''}"
        sys.exit(f"{' '.join(map(str, command))} failed with {result.returncode}:\n{said}")
    return result.stdout or ""


def environment() -> dict[str, str]:
    """Return this process's environment, without what would lead git elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return kept | AUTHOR | NOWHERE | {"PATH": path}
