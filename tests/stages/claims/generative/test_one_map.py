"""R2: all that is asked, on every seed of a way; each alone is enough to fail."""

from typing import Any

import pandas as pd
import pytest

from stages.claims.generative import one_map
from stages.claims.verdict import NO, NOT_RUN, YES, Verdict
from stages.common import params
from tests.stages.claims.studies import SECTION

LIMITS = {"frechet_distance": 25.0, "relative_error": 0.3, "reconstruction_error": 0.055}
ASKED = params.StudyClaims(**SECTION.model_dump(), least_digits=10, one_map=params.OneMap(**LIMITS))
GOOD = {"digits": 10.0, "frechet_distance": 20.0, "frechet_distance_2": 15.0}
GOOD |= {"relative_error": 0.25, "reconstruction_error": 0.05}
BAD = {
    "digits": 9.0,
    "frechet_distance": 26.0,
    "frechet_distance_2": 21.0,
    "relative_error": 0.31,
    "reconstruction_error": 0.056,
}
SEEDS = range(SECTION.least_runs)
AHEAD = f"ahead of IGN {len(SEEDS)} of {len(SEEDS)}"


def run(way: str, seed: int, **change: Any) -> pd.DataFrame:
    early = {name: 1000.0 for name in GOOD}
    rows = [early | {"step": 0}, GOOD | change | {"step": 240}]
    return pd.DataFrame(rows).assign(way=way, seed=seed)


def runs(way: str, **change: Any) -> pd.DataFrame:
    return pd.concat([run(way, seed, **change) for seed in SEEDS])


PEERS = runs("ign", frechet_distance=24.0)


def lead(setting: str, **change: Any) -> pd.DataFrame:
    """Return a run of the search, whose measurements in eval mode stand behind `PREFIX`."""
    found = run(setting, 0, **change).rename(columns={"way": "setting"})
    return found.rename(columns={name: one_map.PREFIX + name for name in GOOD})


def judge(*tables: pd.DataFrame, tried: pd.DataFrame | None = None) -> Verdict:
    """Judge R2 from ways, all with the rule but IGN, and leads, all of which there are."""
    table = pd.concat(tables)
    leads = () if tried is None else set(tried.setting)
    return one_map.judge(table, tried, set(table.way) - {"ign"}, leads, ASKED)


def test_a_way_that_has_all_of_it_on_every_seed_is_a_yes():
    found = judge(runs("a"), runs("b", **BAD), PEERS)
    assert found.verdict == YES
    assert found.ours == "f(z) within 20 (25), error 0.25 (0.3), " + AHEAD
    assert "way *a*" in found.measured


@pytest.mark.parametrize(("name", "value"), [*BAD.items(), ("frechet_distance", 24.5)])
def test_one_thing_that_is_lacking_is_enough_against_it(name: str, value: float):
    assert judge(runs("a", **{name: value}), PEERS).verdict == NO


def test_every_seed_of_a_way_must_have_it():
    late = runs("a")
    late.loc[(late.seed == 1) & (late.step == 240), "digits"] = 9.0
    found = judge(late, PEERS)
    assert found.verdict == NO
    assert f"all digits: {len(SEEDS) - 1}, near: {len(SEEDS)}" in found.measured


def test_of_ways_that_fail_the_nearest_is_told_and_of_it_the_worst_seed():
    a, b = runs("a", frechet_distance=23.0, digits=9.0), runs("b", relative_error=0.4)
    b.loc[(b.seed == 1) & (b.step == 240), "frechet_distance"] = 22.0
    found = judge(a, b, PEERS)
    assert found.verdict == NO
    assert found.ours == "f(z) within 22 (25), error 0.4 (0.3), " + AHEAD


def test_a_way_that_has_all_of_it_is_told_before_one_that_is_nearer():
    found = judge(runs("a", frechet_distance=23.0), runs("b", relative_error=0.4), PEERS)
    assert found.verdict == YES
    assert found.ours == "f(z) within 23 (25), error 0.25 (0.3), " + AHEAD


def test_the_peer_is_compared_seed_by_seed():
    peers = PEERS.assign(frechet_distance=PEERS.frechet_distance.where(PEERS.seed > 0, 19.0))
    assert judge(runs("a"), peers).verdict == NO
    assert judge(runs("a"), PEERS[PEERS.seed > 0]).verdict == NO
    assert "ahead of IGN 4 of 5" in judge(runs("a"), peers).ours


def test_fewer_seeds_than_a_verdict_takes_are_an_indication():
    found = judge(run("a", 0), run("ign", 0, frechet_distance=24.0))
    assert found.verdict == f"{YES} (indication: 1 seed)"


def test_leads_of_the_search_are_told_beside_it():
    once, twice = lead("x", frechet_distance=40.0), lead("y", relative_error=0.4)
    tried = pd.concat([once, twice, lead("y").assign(seed=1), lead("z")])
    found = judge(runs("a"), PEERS, tried=tried)
    assert "Of 3 settings with the rule and no matching" in found.measured
    assert "1 have all of it but the comparison" in found.measured
    assert "the nearest f(z) is at 20, the lowest relative error 0.25" in found.measured
    assert "no matching" not in judge(runs("a"), PEERS).measured


def test_ways_that_it_is_not_asked_of_are_told_beside_it():
    lighter = runs("ign_lighter", frechet_distance=19.0)
    lighter.loc[(lighter.seed == 1) & (lighter.step == 240), "relative_error"] = 0.31
    table = pd.concat([runs("a"), PEERS, lighter, runs("b")])
    found = one_map.judge(table, None, ["a"], [], ASKED)
    assert found.verdict == YES
    told = "IGN at lighter weights, set when these results were known, 4 of 5 (f(z) at 19 to 19, "
    assert told + "relative error 0.25 to 0.31), b 5 of 5 (f(z)" in found.measured
    assert "Trained likewise" not in judge(runs("a"), PEERS).measured


def test_one_of_these_that_diverged_is_told_as_infinitely_far():
    broken = runs("none")
    broken.loc[(broken.seed == 1) & (broken.step == 240), [*GOOD]] = float("nan")
    found = one_map.judge(pd.concat([runs("a"), PEERS, broken]), None, ["a"], [], ASKED)
    assert "no rule 4 of 5 (f(z) at 20 to inf, relative error 0.25 to inf)" in found.measured


def test_before_ways_and_peers_were_trained_it_is_not_run():
    assert one_map.judge(None, None, ["a"], [], ASKED).verdict == NOT_RUN
    assert judge(runs("a")).verdict == NOT_RUN
    assert judge(PEERS).verdict == NOT_RUN
    table = pd.concat([runs("a"), PEERS])
    assert one_map.judge(table, None, ["a", "b"], [], ASKED).verdict == NOT_RUN
    assert one_map.judge(table, None, ["a"], ["x"], ASKED).verdict == YES


def test_a_run_that_diverged_is_far():
    broken = runs("a")
    broken.loc[broken.step == 240, [*GOOD]] = float("nan")
    assert judge(runs("a"), broken.assign(way="b"), PEERS).verdict == YES
    assert judge(broken, PEERS).verdict == NO
