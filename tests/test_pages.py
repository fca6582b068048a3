"""Every link in the written pages leads somewhere: to a file of the repository, or a heading."""

import re
from pathlib import Path

import pytest

from stages.compare.revision import git
from tests import ROOT

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PAGES = [name for name in git("ls-files", "*.md").splitlines() if not name.startswith(".")]


def anchors(page: Path) -> set[str]:
    """Return what a link may have behind #, as GitHub names headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_of_a_page_leads_somewhere(name: str):
    page = ROOT / name
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in LINK.findall(text):
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, heading = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{name}: {target}"
        assert not heading or heading in anchors(there), f"{name}: {target}"
