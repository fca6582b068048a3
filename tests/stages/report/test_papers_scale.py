"""The paper's scale counts where it judges a claim over all, or whole on its only network."""

import pytest

from stages.report.papers_scale import whole

WHOLE = {"verdict": "undecided", "runs": 10, "ours": "×2"}
FEW = WHOLE | {"verdict": "undecided (indication: 60 steps)", "brief": "undecided (60 steps)"}
FOUR = WHOLE | {"verdict": "undecided (indication: 4 runs)"}
THREE = {"networks": ["B2"], "verdict": "undecided (indication: 3 runs, 25 steps)"}
NOT_RUN = {"verdict": "not run", "runs": 0}


@pytest.mark.parametrize(
    ("laptop", "paper", "network"),
    [
        ({}, {"B1": WHOLE}, "B1"),
        ({"networks": ["B1"]}, {"B1": WHOLE, "B2": FEW}, "B1"),
        ({"networks": ["B2"]}, {"B1": WHOLE, "B2": FEW}, None),
        (THREE, {"B2": FOUR}, "B2"),
        (FOUR | {"networks": ["B2"]}, {"B2": FOUR}, "B2"),
        (THREE | {"verdict": "undecided (indication: 5 runs, 30 steps)"}, {"B2": FOUR}, None),
        (THREE | {"verdict": "undecided (indication: 300 steps)"}, {"B2": FOUR}, None),
        (THREE, {"B2": FEW}, None),
        ({"networks": ["B1", "B2"]}, {"B1": WHOLE, "B2": WHOLE}, None),
        ({}, {"B1": WHOLE, "B2": WHOLE}, None),
        ({}, {"B1": NOT_RUN}, None),
        ({"networks": ["B2"]}, {}, None),
        ({}, {"all": WHOLE, "n5": FEW, "n20": WHOLE}, "all"),
        ({"networks": ["B2", "B3"]}, {"all": FEW, "B2": FEW, "B3": WHOLE}, "all"),
        ({}, {}, None),
    ],
)
def test_a_claim_on_one_network_is_whole_where_that_is(laptop, paper, network: str | None):
    assert whole(laptop, paper) == (paper[network] if network else None)
