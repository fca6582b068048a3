"""Files as they are at a revision of git, or in the working tree."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

WORKSPACE = "workspace"  # as DVC calls it


class Unanswerable(Exception):
    """What was asked for cannot be told; the message is one line for the user."""


@dataclass(frozen=True)
class Revision:
    """A commit, or the working tree.

    Args:
        name: as the user gave it.
        commit: its hash; none for the working tree.
    """

    name: str
    commit: str | None

    def files(self, folder: str) -> list[str]:
        """List the files below a folder, in order, as paths from the top with slashes."""
        if self.commit is None:
            found = (p.as_posix() for p in Path(folder).rglob("*") if p.is_file())
            return sorted(found)
        listed = git("ls-tree", "-r", "-z", "--name-only", self.commit, f"{folder}/")
        return [name for name in listed.split("\0") if name]

    def read(self, path: str) -> str | None:
        """Return the text of a file; none if there is no such file."""
        if self.commit is None:
            file = Path(path)
            return file.read_text("utf-8", "replace") if file.is_file() else None
        listed = git("ls-tree", "--name-only", self.commit, path)
        return git("show", f"{self.commit}:{path}") if listed else None


def revision(name: str) -> Revision:
    """Find what a user calls `workspace`, as git calls a commit, or as DVC an experiment.

    Raises:
        Unanswerable: if there is no repository, or no such revision in it.
    """
    if name == WORKSPACE:
        return Revision(name, None)
    git("rev-parse", "--git-dir")
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    found = [commit.stdout.strip()] if not commit.returncode else _experiments(name)
    if len(found) != 1:
        how = "no revision of git and no experiment" if not found else "several experiments"
        raise Unanswerable(
            f"{name}: {how}; expected a branch, tag, hash, experiment or `{WORKSPACE}`"
        )
    return Revision(name, found[0])


def git(*arguments: str) -> str:
    """Return what git prints.

    Raises:
        Unanswerable: with git's own words, if it fails.
    """
    result = _git(*arguments)
    if result.returncode:
        said = " ".join(result.stderr.split())
        raise Unanswerable(f"git {' '.join(arguments)}: {said}")
    return result.stdout


def _experiments(name: str) -> list[str]:
    """List the commits of experiments of that name: DVC keeps each as refs/exps/xx/BASE/NAME."""
    form = "--format=%(objectname) %(refname)"
    refs = [line.split(maxsplit=1) for line in git("for-each-ref", form, "refs/exps").splitlines()]
    return sorted({commit for commit, ref in refs if ref.split("/")[4:] == [name]})


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["git", *arguments], capture_output=True, text=True, encoding="utf-8", errors="replace"
        )
    except FileNotFoundError:
        raise Unanswerable("git: not found; install it, comparisons are with a commit") from None
