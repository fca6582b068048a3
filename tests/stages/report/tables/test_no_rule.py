from itertools import product

import pandas as pd

from stages.report.tables.no_rule import no_rule_table


def test_errors_are_over_those_of_the_same_seed_mode_and_images():
    places = product((10, 11), ("train", "eval"), ("noise", "data"), ("relative", "absolute"))
    rows = [
        {"seed": seed, "mode": mode, "images": images, "error": error, "rule": rule}
        | {"weight": 0.1, "value": seed * times, "reconstruction": 2.0 * times}
        for seed, mode, images, error in places
        for rule, times in (
            ("none", 1.0),
            ("modified", (2.0 if mode == "train" else 3.0) * (1 if error == "relative" else 9)),
        )
    ]
    table = no_rule_table(pd.DataFrame(rows))
    head, _, row = table.strip().splitlines()
    assert head.count("noise") == head.count("images") == head.count("reconstruction") == 2
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == ["modified", "0.1", *["2 [2, 2]", "3 [3, 3]"] * 3]
