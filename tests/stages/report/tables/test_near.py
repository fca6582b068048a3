from stages.common import params
from stages.report.tables.near import near_table
from tests.stages.claims.sweeps.test_near import case

START = params.Start(
    width=20,
    layers=1,
    noise=0.1,
    bias=4.0,
    null_dimension=1,
    optimizer="sgd",
    learning_rates=[0.1],
    runs=10,
    steps=500,
)


def test_a_large_ratio_has_no_power_of_ten():
    lines = near_table({"b": case(1, 4)}, {"b": START}).splitlines()
    assert "| ×320 [10, 10000] |" in lines[2]


def test_one_run_has_no_interval():
    one = case(-2, -1, runs=1)
    one["modified_over_ordinary"] |= {"low": None, "high": None}
    assert "| ×0.032, one run | 1 |" in near_table({"b": one}, {"b": START})


def test_cases_stand_in_the_order_of_their_parameters_and_say_what_they_are():
    changed = {"layers": 2, "null_dimension": 5, "optimizer": "adam", "negative_slope": 1.0}
    cases = {"b": START, "missing": START, "a": START.model_copy(update=changed)}
    found = {"a": case(None, None), "b": case(-2, -1, left=-4.0, spread=0.98, runs=4)}
    lines = near_table(found, cases).splitlines()
    assert lines[2] == (
        "| 20 | 0.1 | 4 |  | 0.4 | 1.0e-04 at 0.1 | 1.0e-04 at 0.1 | ×0.032 [0.01, 0.1] | 4 |"
    )
    assert "| 2 layers, rank 15, linear, Adam |" in lines[3]
    assert "| not measurable |" in lines[3]
    assert len(lines) == 4
