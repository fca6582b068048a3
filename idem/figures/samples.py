"""What the generative networks make of noise (Figure 5)."""

from itertools import product

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from idem.figures.style import RULE_NAMES

APPLICATIONS = {1: "f(z)", 2: "f(f(z))"}


_INCHES = 0.55  # per image of Figure 5


def figure_5(samples: pd.DataFrame) -> Figure:
    """Draw the noise z, which all rules share, then f(z) and f(f(z)) of each, a sample a column.

    Args:
        samples: columns ``rule``, ``seed``, ``sample``, ``application`` (0 the noise, 1 f(z),
            2 f(f(z))) and the pixels ``p0``, ``p1``, … of a square grey image as uint8, row by
            row. Of several seeds the first is drawn.

    Raises:
        ValueError: if the pixels are not those of a square image.

    Source:
        Jensen and Vicary, Figure 5.
    """
    pixels = [name for name in samples.columns if name[0] == "p" and name[1:].isdigit()]
    side = round(len(pixels) ** 0.5)
    if not pixels or side * side != len(pixels):
        raise ValueError(f"samples: expected the pixels of a square image, got {len(pixels)}")
    first = samples[samples["seed"] == samples["seed"].min()]
    rules = [rule for rule in RULE_NAMES if rule in set(first["rule"])]
    strips = [("Noise z", first[(first["rule"] == rules[0]) & (first["application"] == 0)])]
    for rule, (application, name) in product(rules, APPLICATIONS.items()):
        chosen = (first["rule"] == rule) & (first["application"] == application)
        strips.append((f"{RULE_NAMES[rule]}\n{name}", first[chosen]))
    size = (_INCHES * first["sample"].nunique() + 1.6, len(strips) * (_INCHES + 0.1))
    figure = Figure(figsize=size, layout="constrained")
    for axis, (label, rows) in zip(figure.subplots(len(strips)), strips, strict=True):
        strip = rows.sort_values("sample")[pixels].to_numpy(np.uint8).reshape(-1, side, side)
        axis.imshow(np.hstack(list(strip)), cmap="gray", vmin=0, vmax=255)
        axis.set(xticks=[], yticks=[])
        axis.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8)
    return figure
