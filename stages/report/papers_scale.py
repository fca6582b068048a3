"""Claims that the paper's scale has judged whole or furthest, and whose verdict there counts."""

from collections.abc import Mapping
from typing import Any

from stages.claims.network_by_network import ALL
from stages.claims.verdict import INDICATION

Row = Mapping[str, Any]  # of a claims.json


def whole(laptop: Row, paper: Mapping[str, Row]) -> Row | None:
    """Return what the paper's scale says of a claim, if nothing is missing there.

    Args:
        laptop: what the laptop scale says of it, with its ``networks`` unless it is about one.
        paper: what the paper's scale says of it, by network.

    Returns:
        The row over all networks or cases, if there is one: what it rests on was trained further
        than the laptop's. Else that of the only network that the laptop scale judges, if it has as
        many runs and steps as a verdict takes; of a claim about several networks none.
    """
    if "ours" in paper.get(ALL, {}):
        return paper[ALL]
    networks = laptop.get("networks", list(paper))
    found = paper.get(networks[0], {}) if len(networks) == 1 else {}
    return found if "ours" in found and INDICATION not in found["verdict"] else None
