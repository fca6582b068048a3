"""The workflow of a forge: what it calls exists, and it is allowed no more than it needs."""

import re
from typing import Any

import pytest
import yaml

from tests import ROOT

FILE = ROOT / ".github/workflows/pull-request.yml"
OFFICIAL = re.compile(r"actions/[a-z-]+@v\d+")
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
VARIABLES = set(re.findall(r"^([A-Z]+) \?=", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def commands(text: str) -> list[list[str]]:
    """Return the words of every line that calls make, without the call."""
    return [line.split()[1:] for line in text.splitlines() if line.strip().startswith("make ")]


def test_it_runs_on_pull_requests_alone(workflow: dict[Any, Any]):
    assert list(workflow[True]) == ["pull_request"]  # `on` is a truth value in YAML 1.1


def test_it_runs_tests_lock_and_comparison(workflow: dict[Any, Any]):
    called = [words for step in steps(workflow) for words in commands(step.get("run", ""))]
    assert {words[0] for words in called} >= {"test", "lock", "compare", "lint"}
    (compare,) = (words for words in called if words[0] == "compare")
    assert {word.partition("=")[0] for word in compare[1:]} == {"A", "B", "MARKDOWN"}


@pytest.mark.parametrize("path", [".github/workflows/pull-request.yml", ".ci/run"])
def test_what_is_made_can_be_made(path: str):
    text = (ROOT / path).read_text(encoding="utf-8").replace("run: make", "make")
    called = commands(text.replace("- make", "make"))
    assert called
    for words in called:
        names = {word.partition("=")[0] for word in words if "=" in word}
        assert {word for word in words if "=" not in word} <= TARGETS
        assert names <= VARIABLES


def test_actions_are_official_and_of_a_fixed_major_version(workflow: dict[Any, Any]):
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert used
    assert all(OFFICIAL.fullmatch(name) for name in used)


def test_no_more_is_allowed_than_is_needed(workflow: dict[Any, Any]):
    assert workflow["permissions"] == {}
    allowed = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    assert allowed == {"check": {"contents": "read"}, "comment": {"pull-requests": "write"}}
    assert "secrets" not in FILE.read_text()


def test_what_may_comment_runs_no_code_of_the_request(workflow: dict[Any, Any]):
    comment = workflow["jobs"]["comment"]["steps"]
    assert not any("checkout" in step.get("uses", "") for step in comment)
    assert not any(commands(step.get("run", "")) for step in comment)


def test_nothing_that_others_write_is_put_into_a_command(workflow: dict[Any, Any]):
    assert not any("${{" in step.get("run", "") for step in steps(workflow))
