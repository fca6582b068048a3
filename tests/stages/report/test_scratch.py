"""The copy of the repository: whole, of its own, and unmoved by what a user has set up for git."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from stages.report.scratch import copy_repository, environment, reproduce, run

NAMES = ["a.txt", "übung.txt", 'with "quotes".txt', "with\ttab.txt", "-dash", "*", "sub/b.log"]


def git(folder: Path, *words: str) -> str:
    command = ["git", *words]
    found = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    return found.stdout


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Return a repository with a commit, tracked files of all kinds and an untracked one."""
    folder = tmp_path / "mine"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "mine")
    for name in NAMES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name)
    (folder / ".gitignore").write_text("*.log\nprivate\n")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "-q", "-m", "mine")
    (folder / "private").write_text("secret")
    (folder / "new").write_text("new")
    return folder


def copied(mine: Path) -> set[str]:
    copy = mine.with_name("copy")
    copy.mkdir()
    copy_repository(mine, copy)
    assert git(copy, "log", "--format=%an %s") == "idem Copy\n"
    assert git(mine, "log", "--all", "--format=%an %s") == "idem mine\n"
    assert git(mine, "config", "--get", "core.bare") == "false\n"
    assert git(mine, "status", "--porcelain") == "?? new\n"
    return set(git(copy, "ls-files", "-z").split("\0")) - {""}


def test_every_file_is_copied_whatever_its_name_and_nothing_that_is_ignored(mine: Path):
    assert copied(mine) == {*NAMES, ".gitignore", "new"}


@pytest.mark.parametrize("variables", ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"])
def test_the_environment_of_a_hook_leads_nowhere(mine: Path, monkeypatch, variables: str):
    places = {"GIT_DIR": ".git", "GIT_INDEX_FILE": ".git/index", "GIT_WORK_TREE": "."}
    monkeypatch.setenv(variables, str(mine / places[variables]))
    assert copied(mine) == {*NAMES, ".gitignore", "new"}


def test_hooks_signatures_and_ignored_names_of_the_user_are_not_asked(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    hook = tmp_path / "hooks/commit-msg"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    (tmp_path / "ignored").write_text("*.txt\n")
    (tmp_path / "config").write_text(
        f"[core]\nhooksPath = {hook.parent}\nexcludesFile = {tmp_path / 'ignored'}\n"
        "[commit]\ngpgsign = true\n[user]\nsigningkey = nobody\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    assert copied(mine) == {*NAMES, ".gitignore", "new"}


def test_the_pipeline_runs_as_an_experiment_with_parameters_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm: Path
):
    monkeypatch.setattr(sys, "executable", str(warm / "python"))  # whose folder leads the PATH
    git(tmp_path, "init", "-q")
    run(["dvc", "init", "--quiet"], tmp_path)
    (tmp_path / "params.yaml").write_text(json.dumps({"a": {"b": 1, "c": [2.0], "d": 3}}))
    copying = {"cmd": "cp params.yaml out.yaml", "params": ["a"], "outs": ["out.yaml"]}
    (tmp_path / "dvc.yaml").write_text(json.dumps({"stages": {"copy": copying}}))
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "-q", "-m", "mine")
    reproduce(tmp_path, ["a.b=4", "a.c=[5.0]"])
    found = yaml.safe_load((tmp_path / "out.yaml").read_text())
    assert found == {"a": {"b": 4, "c": [5.0], "d": 3}}
