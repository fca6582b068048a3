import math

import pandas as pd

from stages.report.tables.readings import readings_table


def test_the_nearest_stands_first_and_what_diverged_says_so():
    columns = ["changed", "value", "fitted", "network", "rule", "median_deviation"]
    rows = [
        ("base", "", False, "all", "both", 1.05, 1.2),
        ("base", "", False, "B2", "both", 1.031, 1.1),
        ("base", "", False, "B2", "ordinary", 9.0, 9.0),
        ("start", "biases_0.7", True, "all", "both", 1.01, 2.5),
        ("start", "biases_0.7", True, "B2", "both", 1.02, math.inf),
    ]
    table = pd.DataFrame(rows, columns=[*columns, "largest_deviation"])
    assert readings_table(table).splitlines() == [
        "| changed | to | all, median | all, largest | B2, median | B2, largest |",
        "| --- | --- | --- | --- | --- | --- |",
        "| start | biases 0.7 (fitted) | 1.0 % | ×2.5 | 2.0 % | diverged |",
        "| base | – | 5.0 % | 20.0 % | 3.1 % | 10.0 % |",
    ]
