"""The page that `dvc plots` fills, and the templates of its plots."""

import base64
import hashlib
import io
import json
import re
import tarfile
from glob import glob
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from dvc_render.html import HTML
from dvc_render.vega import VegaRenderer
from matplotlib.colors import to_hex

from idem.data import sources
from idem.figures import style
from stages.report import plots
from tests import ROOT

TEMPLATES = ROOT / ".dvc/plots"
LARGEST = 8_000_000  # bytes
BUILDS = 930_000  # of vega, in the page


def packed(folder: Path, content: str) -> plots.Package:
    """Put an archive as npm makes it where the registry has it, and return the package."""
    path, data = folder / "vega/-/vega-1.0.0.tgz", content.encode()
    path.parent.mkdir(parents=True)
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("package/build/vega.min.js")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    return plots.Package("vega", "1.0.0", digest)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that stands for npm's registry."""
    folder = tmp_path / "registry"
    monkeypatch.setattr(sources, "npm_registry", folder.as_uri)
    monkeypatch.setattr(plots, "ROOT", tmp_path / "here")
    return folder


def test_the_build_is_taken_out_of_an_archive_and_no_other_archive_is(registry: Path):
    package = packed(registry, "var vega = 1;")
    assert plots.fetched(package) == "var vega = 1;"
    other = package._replace(version="2.0.0")
    (registry / "vega/-/vega-2.0.0.tgz").write_bytes(b"another")
    with pytest.raises(ValueError, match=r"vega-2\.0\.0\.tgz"):
        plots.fetched(other)


def test_the_page_asks_for_nothing_and_is_one_that_dvc_fills():
    page = plots.page(["var a = '</script>';", "var b = 2;"])
    filled = (
        HTML(page).with_scripts(str(VegaRenderer.SCRIPTS)).with_element("<p>a plot</p>").embed()
    )
    assert "<p>a plot</p>" in filled and "plot_divs" not in filled
    assert filled.count("</script>") == 2, "a build ends no script before its end"
    assert not re.findall(r"(?:src|href)\s*=|https?://", filled)


@pytest.mark.usefixtures("registry")
def test_without_the_registry_the_message_says_so_and_no_page_is_made(tmp_path: Path):
    with pytest.raises(SystemExit, match=r"(?s)vega-5.*dvc plots goes on"):
        plots.main()
    assert not (tmp_path / "here" / plots.PAGE).exists()


def declared() -> list[tuple[str, dict[str, Any]]]:
    """Return the plots of all pipelines, tables and pictures, with their properties."""
    found = []
    for file in (ROOT / "dvc.yaml", *sorted(ROOT.glob("stages/pipelines/*/dvc.yaml"))):
        for stage in yaml.safe_load(file.read_text())["stages"].values():
            for plot in stage.get("do", stage).get("plots", []):
                ((path, properties),) = plot.items()
                found.append((path, properties))
    return found


def test_plots_and_figures_of_two_revisions_fit_into_one_page():
    """As DVC writes them: pictures as files, tables in JSON, both twice."""
    size = BUILDS
    for path, properties in declared():
        for file in map(Path, sorted(glob(path.replace("${key}", "*"), root_dir=ROOT))):
            if file.suffix == ".png":
                size += 2 * (ROOT / file).stat().st_size
            else:
                rows = pd.read_csv(ROOT / file, dtype=str).assign(rev="a" * 9).to_dict("records")
                places = {"filename": file.as_posix(), "field": properties["y"]}
                size += 2 * len(json.dumps([row | places for row in rows]))
    assert size <= LARGEST


def test_every_template_is_used_and_is_there():
    named = {properties.get("template") for _, properties in declared()} - {None}
    assert named == {path.stem for path in TEMPLATES.iterdir()}


@pytest.mark.parametrize(
    ("path", "properties"),
    [
        pytest.param(path.replace("${key}", "B1"), properties, id=path)
        for path, properties in declared()
        if "laptop" in path and "template" in properties
    ],
)
def test_a_template_names_columns_that_its_table_has(path: str, properties: dict[str, Any]):
    rows = pd.read_csv(ROOT / path, nrows=3, dtype=str).assign(rev="a").to_dict("records")
    renderer = VegaRenderer(rows, path, template_dir=str(TEMPLATES), **properties)
    filled = renderer.get_filled_template()
    text = json.dumps({**filled, "data": None})
    assert "<DVC" not in text
    columns = set(rows[0]) | {"across", "up", "low", "high", "panel", "place", "kind"}
    assert set(re.findall(r'"field": "(\w+)"', text)) <= columns
    assert set(re.findall(r"datum\['(\w+)'\]", text)) <= columns


def test_a_rule_has_the_colour_that_it_has_in_all_figures():
    looks = style.looks(style.MODEL_NAMES)
    expected = {name: to_hex(look["color"]) for name, look in looks.items()}
    known: set[str] = set()
    for name in ("sweep", "by_rule", "by_model"):
        text = (TEMPLATES / f"{name}.json").read_text()
        scales = re.findall(r'"domain": (\[[^]]*\]),\s*"range": (\[[^]]*\])', text)
        assert scales
        for domain, colors in scales:
            for model, color in zip(json.loads(domain), json.loads(colors), strict=True):
                assert color == expected[model]
            known |= set(json.loads(domain))
    assert known == set(expected), "a model that a scale does not know takes another one's colour"
