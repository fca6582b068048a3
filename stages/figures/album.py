"""All pictures of a data set on one page that needs no other file, for those who may see them."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from stages.text.page import page

CAPTIONS = {
    "figure_5": "Noise, f(z) and f(f(z))",
    "figure_neighbours": "Generated images and the training images nearest to them",
    "figure_restoration": "Spoilt images of the test split, brought back",
    "figure_restoration_scores": "How near to the original",
    "figure_interpolation": "Between two samples, through pixels and through codes",
    "figure_latent": "Codes in two dimensions",
    "figure_jacobian": "Eigenvalues of the Jacobian",
    "figure_collapse": "During training",
    "figure_drift": "Applied again and again",
    "figure_size": "The Fréchet distance by number of samples",
    "figure_classes": "Shares of the classes",
}


def album(title: str, text: str, paths: Mapping[str, Path]) -> str:
    """Return a web page with the PNG files of figures, in the order of `CAPTIONS`.

    Args:
        title: of the page.
        text: Markdown that stands before the first figure.
        paths: of the files, by name of the figure.

    Raises:
        ValueError: for a figure without a caption.
    """
    parts = [f"# {title}", text]
    for name in sorted(paths, key=list(CAPTIONS).index):
        content = b64encode(paths[name].read_bytes()).decode()
        parts.append(f"## {CAPTIONS[name]}\n\n![{CAPTIONS[name]}](data:image/png;base64,{content})")
    return page("\n\n".join(parts) + "\n", title=title)
