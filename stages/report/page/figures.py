"""The figures of the report: what each is called, what it shows, and its bytes within the page."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase

import yaml
from PIL import Image

from stages.report.page import pipelines
from stages.report.page.metrics import Metrics, fault


@dataclass(frozen=True)
class About:
    """What is known of a figure apart from its pixels.

    Args:
        section: of the report, by which it is shown there; ``E`` is the appendix of further ones.
        title: in a few words.
        alt: what there is to see, for those who do not.
        sources: for each picture of it, folders of `metrics`; the first that has it counts.
        number: what it is in the paper, as ``Figure 3``, if it is there.
    """

    section: str
    title: str
    alt: str
    sources: Sequence[Sequence[str]]
    number: str = ""


_TABLE = Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
FIGURES = {name: About(**about) for name, about in yaml.safe_load(_TABLE).items()}


@dataclass(frozen=True)
class Picture:
    """A figure as the page shows it, from one folder of `metrics`.

    Attributes:
        number: on the page, by its place there; pictures of one figure are told apart by letters.
        of_paper: what it is in the paper, if it is there.
    """

    name: str
    number: str
    of_paper: str
    title: str
    alt: str
    source: str
    width: int
    height: int
    data: str

    @property
    def label(self) -> str:
        """What it is called."""
        return f"Figure {self.number}"

    @property
    def anchor(self) -> str:
        """The name of its place on the page."""
        return f"{self.name}-{self.source}".replace("_", "-")

    @property
    def scale(self) -> str:
        """What readers call the pipeline that it is from."""
        return pipelines.NAMES.get(self.source, self.source)


def pictures(metrics: Metrics) -> dict[str, list[Picture]]:
    """Return what there is to show, by section and in order; what is missing becomes a fault.

    Figures are numbered in the order of the page, the paper's own among them. They come and go:
    one that nothing is known of is shown in appendix E under its own name.
    """
    known = FIGURES | {name: _unknown(name) for name in _names() if name not in FIGURES}
    paths = {name: list(_found(name, about, metrics)) for name, about in known.items()}
    there = [name for name in known if paths[name]]
    shown: dict[str, list[Picture]] = {}
    for place, name in enumerate(there, start=1):
        for number, path in zip(_lettered(place, len(paths[name])), paths[name], strict=True):
            picture = _picture(name, number, known[name], path)
            shown.setdefault(known[name].section, []).append(picture)
    return shown


def embedded(path: Path) -> str:
    """Return a picture as a data address: a file that needs no other."""
    return f"data:image/png;base64,{b64encode(path.read_bytes()).decode()}"


def _picture(name: str, number: str, about: About, path: Path) -> Picture:
    with Image.open(path) as image:
        width, height = image.size
    source, data = path.parts[1], embedded(path)
    texts = (number, about.number, about.title, about.alt)
    return Picture(name, *texts, source, width, height, data)


def _lettered(place: int, pictures: int) -> list[str]:
    """Return the numbers of the pictures of a figure."""
    letters = ascii_lowercase[:pictures] if pictures > 1 else [""]
    return [f"{place}{letter}" for letter in letters]


def _found(name: str, about: About, metrics: Metrics) -> Iterator[Path]:
    for folders in about.sources:
        paths = [path for folder in folders for path in _places(folder, name)]
        there = next((path for path in paths if path.is_file()), None)
        if there:
            yield there
        elif lost := [path for path in map(Path.as_posix, paths) if _was_drawn(path)]:
            metrics.notice(fault(lost[0], "no such file"))


def _was_drawn(path: str) -> bool:
    made = pipelines.maker(path)
    return made is not None and pipelines.run(*made) is not None


def _places(folder: str, name: str) -> tuple[Path, Path]:
    """Return where a figure of a pipeline may lie: beside the tables, or among the further ones."""
    file = f"{name}.png"
    return Path("metrics", folder, file), Path("metrics", folder, "appendix", file)


def _names() -> list[str]:
    return sorted({path.stem for path in Path("metrics").glob("*/**/figure*.png")})


def _unknown(name: str) -> About:
    words = name.removeprefix("figure_").replace("_", " ")
    folders = sorted({path.parts[1] for path in Path("metrics").glob(f"*/**/{name}.png")})
    return About("E", words.capitalize(), f"Figure {words}.", [(folder,) for folder in folders])
