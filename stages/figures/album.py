"""All pictures of a data set on one page that needs no other file, for those who may see them."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from stages.text.page import page
from stages.text.render import ENVIRONMENT, render

CAPTIONS: Mapping[str, str] = vars(ENVIRONMENT.get_template("captions.j2").module)["captions"]


def album(title: str, text: str, paths: Mapping[str, Path]) -> str:
    """Return a web page with the PNG files of figures, in the order of `CAPTIONS`.

    Args:
        title: of the page.
        text: Markdown that stands before the first figure.
        paths: of the files, by name of the figure.

    Raises:
        ValueError: for a figure without a caption.
    """
    names = sorted(paths, key=list(CAPTIONS).index)
    images = [(name, b64encode(paths[name].read_bytes()).decode()) for name in names]
    shown = render("album", title=title, text=text, images=images, captions=CAPTIONS)
    return page(shown, title=title)
