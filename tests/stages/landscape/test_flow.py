"""Appendix D is written from what was measured, and MathML can show all of it."""

import json
import re
import sys
from pathlib import Path

import pytest

from stages.landscape import flow
from stages.text.page import page
from tests import ROOT
from tests.stages.landscape.test_survival import SECTION

FILES = ("flow.csv", "flow.json", "appendix_d.md")
NOTHING = {"log10_ratio": None, "low": None, "high": None, "runs": 1, "diverged": 1}
KNOWN = {"log10_ratio": -1.0, "low": -1.5, "high": -0.5, "runs": 3, "diverged": 0}
AT_BEST = {"products": 4.0, "best_rate": 0.4, "log10_error": -3.0, "relative_error": 0.5}
AT_BEST |= {"rank": 2.0, "diverged": 1, "lanes": 6}
OVER = {"at_best_rate": KNOWN, "at_equal_rate": {"0.4": KNOWN, "4": NOTHING}}
RULES = dict.fromkeys(("modified", "ordinary", "transposed"), AT_BEST)
TRANSPOSED = {"B1": {"steps": 9, "over_modified": OVER, "over_ordinary": OVER} | RULES}
BRACKET = {"largest_stable_rate": 0.3, "lowest_unstable_rate": None}
ONE_BATCH = {"largest_stable_rate_one_batch": None, "lowest_unstable_rate_one_batch": None}
CONTROL = dict.fromkeys(("one_batch", "fresh_batches"), BRACKET | {"predicted": 0.31})
EDGES = {"marchenko_pastur": 0.2, "one_layer_fresh": 0.4, "paper": None}
STABILITY = {"control": CONTROL, "B1": EDGES | {"modified": BRACKET | ONE_BATCH}}


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run the stage on the committed sweep, with starts as few as SECTION has."""
    table = (ROOT / "metrics/laptop/sweep_B1.csv").read_text()
    (tmp_path / "sweep_B1.csv").write_text(table)
    for name, content in {"transposed": TRANSPOSED, "stability": STABILITY}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    measure = flow.measure
    monkeypatch.setattr(flow, "measure", lambda _, slope: measure(SECTION, slope))
    place = ["--params", str(ROOT / "params.yaml"), "--metrics", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["flow", *place])
    flow.main()
    return tmp_path


def test_the_stage_writes_numbers_and_a_page_that_shows_them(written: Path):
    assert all((written / name).exists() for name in FILES)
    found = json.loads((written / "flow.json").read_text())
    text = (written / "appendix_d.md").read_text()
    swept = found["swept"]["modified"]
    assert f"{swept['as_predicted']} of {swept['lanes']} lanes" in text
    commoner = max(swept["survived"], swept["lanes"] - swept["survived"])
    assert f"names the commoner outcome is right on {commoner}" in text
    assert "0.1 (0.0316 to 0.316)" in text
    assert "above 0.3" in text
    html = page(text, title="Appendix D")
    assert "\\" not in html
    assert not re.findall(r"\$|\*\*|None|nan", html)
