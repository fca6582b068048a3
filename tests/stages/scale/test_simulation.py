"""The simulation against what can be said without it."""

import pytest

from stages.scale.simulation import (
    EVERY,
    LIMITS,
    TAIL,
    Rates,
    Work,
    breaks_at,
    share_computing,
    wall_time,
)

FREE = Rates(dispatch=0.0, dispatch_running=0.0, written=0.0, wire=1e30, disk=1e30)
EVEN = Work([2.0] * 12, checkpoint=0.0, data=0.0)


@pytest.mark.parametrize(
    ("workers", "seconds"), [(1, 24.0), (3, 8.0), (5, 6.0), (12, 2.0), (99, 2.0)]
)
def test_where_nothing_costs_units_are_all_that_takes_time(workers: int, seconds: float):
    assert wall_time(EVEN, workers, FREE) == pytest.approx(seconds)


def test_units_go_to_whichever_worker_is_free():
    assert wall_time(Work([3.0, 1.0, 1.0, 1.0], 0.0, 0.0), 2, FREE) == pytest.approx(3.0)


def test_one_process_hands_out_no_faster_than_it_can():
    rates = FREE._replace(dispatch=1.0)
    assert wall_time(EVEN, 100, rates) == pytest.approx(12 * 1.0 + 2.0)
    assert wall_time(EVEN, 1, rates) == pytest.approx(12 * 3.0)


def test_what_is_running_makes_handing_out_slower():
    rates = FREE._replace(dispatch_running=1.0)
    assert wall_time(Work([100.0] * 3, 0.0, 0.0), 3, rates) == pytest.approx(0 + 1 + 2 + 100)


def test_results_are_written_one_after_another():
    rates = FREE._replace(written=1.0)
    assert wall_time(EVEN, 12, rates) == pytest.approx(2.0 + 12.0)


def test_data_are_brought_to_each_worker_in_turn_but_to_none_without_a_unit():
    rates, work = FREE._replace(wire=10.0), EVEN._replace(data=5.0)
    assert wall_time(work, 4, rates) == pytest.approx(4 * 0.5 + 6.0)
    assert wall_time(work, 99, rates) == pytest.approx(12 * 0.5 + 2.0)


def test_a_disk_that_all_share_slows_each_by_the_number_of_all():
    rates, work = FREE._replace(disk=1.0), EVEN._replace(checkpoint=EVERY / 4)
    assert wall_time(work, 4, rates) == pytest.approx(2 * wall_time(EVEN, 4, FREE))


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_that_does_not_count_costs_nothing(limit: str):
    rates = Rates(dispatch=0.1, dispatch_running=0.1, written=0.1, wire=1.0, disk=1.0)
    work = EVEN._replace(checkpoint=1.0, data=1.0)
    others = [name for name in LIMITS if name != limit]
    whole, without = (wall_time(work, 4, rates, names) for names in (LIMITS, others))
    assert whole > without > wall_time(work, 4, rates, ())


def test_workers_without_a_unit_idle():
    assert share_computing(EVEN, 12, wall_time(EVEN, 12, FREE)) == pytest.approx(1)
    assert share_computing(EVEN, 24, wall_time(EVEN, 24, FREE)) == pytest.approx(0.5)


def test_a_limit_breaks_where_it_alone_doubles_the_time():
    many = Work([2.0] * 1000, 0.0, 0.0)
    rates = FREE._replace(dispatch=0.45)  # for four workers in the two seconds of a unit
    assert breaks_at(many, rates, "scheduler", 64) == 16
    assert breaks_at(many, rates, "scheduler", 8) is None
    assert breaks_at(many, rates, "results", 64) is None


def test_units_break_where_there_are_too_few_of_them():
    assert breaks_at(EVEN, FREE, TAIL, 16) is None
    assert breaks_at(EVEN, FREE, TAIL, 32) == 32
    assert breaks_at(Work([99.0, *[1.0] * 99], 0.0, 0.0), FREE, TAIL, 64) == 8  # one long one
