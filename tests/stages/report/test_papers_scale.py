"""The paper's scale counts where it judges a claim over all, or whole on its only network."""

import pytest

from stages.report.papers_scale import whole

WHOLE = {"verdict": "undecided", "runs": 10, "ours": "×2"}
FEW_STEPS = WHOLE | {"lacking": {"steps": 60}}
FOUR = WHOLE | {"lacking": {"runs": 4}}
THREE = {"networks": ["B2"], "lacking": {"runs": 3, "steps": 25}}
NOT_RUN = {"verdict": "not run", "runs": 0}


@pytest.mark.parametrize(
    ("laptop", "paper", "network"),
    [
        ({}, {"B1": WHOLE}, "B1"),
        ({"networks": ["B1"]}, {"B1": WHOLE, "B2": FEW_STEPS}, "B1"),
        ({"networks": ["B2"]}, {"B1": WHOLE, "B2": FEW_STEPS}, None),
        (THREE, {"B2": FOUR}, "B2"),
        (FOUR | {"networks": ["B2"]}, {"B2": FOUR}, "B2"),
        (THREE | {"lacking": {"runs": 5, "steps": 30}}, {"B2": FOUR}, None),
        (THREE | {"lacking": {"steps": 300}}, {"B2": FOUR}, None),
        (THREE, {"B2": FEW_STEPS}, None),
        ({"networks": ["B1", "B2"]}, {"B1": WHOLE, "B2": WHOLE}, None),
        ({}, {"B1": WHOLE, "B2": WHOLE}, None),
        ({}, {"B1": NOT_RUN}, None),
        ({"networks": ["B2"]}, {}, None),
        ({}, {"all": WHOLE, "n5": FEW_STEPS, "n20": WHOLE}, "all"),
        ({"networks": ["B2", "B3"]}, {"all": FEW_STEPS, "B2": FEW_STEPS, "B3": WHOLE}, "all"),
        ({}, {}, None),
    ],
)
def test_a_claim_on_one_network_is_whole_where_that_is(laptop, paper, network: str | None):
    assert whole(laptop, paper) == (paper[network] if network else None)
