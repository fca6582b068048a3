"""Tables of a generative study for readers."""

import pandas as pd

from stages.report.tables import study


def runs() -> pd.DataFrame:
    """Return what stages evaluate and baselines write, as far as readers are shown it."""
    keys = {"model": "dcgan", "weights": "ema", "mode": "train"}
    found = {"frechet_distance": [4.0, 6.0, 9.0], "digits": 10, "coverage": 0.5}
    dcgan = pd.DataFrame({"seed": [0, 1, 2]} | found).assign(**keys)
    own = dcgan.assign(model="modified", noise_relative_error=0.4, frechet_distance_2=3.0)
    evaluated = own.assign(mode="eval", frechet_distance=7.0, digits=[9, 8, 7])
    return pd.concat([dcgan, own, evaluated, own.assign(weights="raw", digits=1)])


def test_models_have_distances_of_both_applications_in_both_modes():
    head, _, modified, dcgan = study.models(runs()).splitlines()
    assert head == (
        "| model | seeds | f(z), train | f(f(z)), train | f(z), eval | f(f(z)), eval "
        "| digits | relative error |"
    )
    # Student's 4.30 times the standard error of the logarithms, log(1.5) / √3, to either side.
    distances = "6 [2.19, 16.4] | 3 [3, 3] | 7 [7, 7] | 3 [3, 3]"
    assert modified == f"| our training | 3 | {distances} | 10 / 8 | 0.4 / 0.4 |"
    assert dcgan.startswith("| DCGAN | 3 | 6 [2.19, 16.4] | – | – | – | 10 / – | – / – |")


def test_images_without_digits_have_their_coverage():
    head, _, row, _ = study.models(runs().drop(columns="digits")).splitlines()
    assert "| coverage |" in head and "digits" not in head
    assert row.endswith("| 0.5 / 0.5 | 0.4 / 0.4 |")


def test_at_most_ten_models_are_shown():
    many = pd.concat(runs().assign(model=name) for name in study.ORDER)
    rows = study.models(many).splitlines()[2:]
    assert len(rows) == study.ROWS
    assert rows[0].startswith("| modified as in the paper |")
    assert rows[3].startswith("| our training with tightness |")


def test_it_is_said_when_digits_were_won_and_lost_again():
    def run(seed: int, raw: list[int], averaged: list[int]) -> pd.DataFrame:
        steps = {"step": [1, 2, 3], "raw_digits": raw, "ema_digits": averaged}
        return pd.DataFrame({"model": "ign", "seed": seed} | steps)

    history = pd.concat([run(0, [10, 9, 10], [9, 10, 10]), run(1, [7, 8, 9], [10, 10, 9])])
    assert study.modes(history).splitlines()[2:] == [
        "| IGN | 1, 2 | 3, – | 1 of 2 seeds | 1 of 2 seeds |",
    ]


def test_distances_are_shown_after_equal_shares_of_the_compute():
    def run(model: str, seed: int, steps: list[int], distances: list[float]) -> pd.DataFrame:
        columns = {"step": steps, "ema_frechet_distance": distances}
        return pd.DataFrame({"model": model, "seed": seed} | columns)

    history = pd.concat(
        [
            run("modified", 0, [20, 40, 80], [300, 200, 20]),
            run("modified", 1, [20, 40, 80], [500, 30, 30]),
            run("ign", 0, [10, 20, 40], [400, 100, 25]),
            run("ign", 1, [10, 30, 40], [400, 4, 25]),
        ]
    )
    third = run("modified", 2, [20, 40, 80], [400, 80, 25])  # a seed that the other lacks
    few = study.by_compute(pd.concat([history, third]), ["modified", "ign", "absent"])
    assert few.splitlines()[3].count("/2 |") == 6
    first, row = study.by_compute(history, ["modified", "ign"]).splitlines()[2:]
    assert "/" not in first
    means, nearer = zip(*((c.split()[0], c.split()[-1]) for c in row.split("|")[2:-1]), strict=True)
    at = dict(zip(study.FRACTIONS, means, strict=True))
    expected = ["400", "63.2", "14.1", "25"]  # √(100 · 40), √(50 · 4)
    assert [at[share] for share in (0.25, 0.5, 0.75, 1.0)] == expected
    assert nearer == ("1/2", "1/2", "0/2", "0/2", "0/2", "1/2")
