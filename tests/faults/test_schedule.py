"""A seed gives the same faults every time, of every kind."""

from itertools import islice

import pytest

from tests.faults.injector import DEALERS
from tests.faults.schedule import KINDS, SECONDS_MAX, deal, read_kind


def test_a_seed_deals_the_same_again():
    first, again = (list(islice(deal(7, 9.0), 100)) for _ in range(2))
    assert first == again
    assert first != list(islice(deal(8, 9.0), 100))


def test_every_kind_comes_in_every_run():
    dealt = list(islice(deal(1, 9.0), 60))
    assert {fault.kind for fault in dealt} == set(KINDS) == set(DEALERS)
    assert 59 * 9.0 < sum(fault.after for fault in dealt) < 60 * 9.0
    assert max(fault.seconds for fault in dealt) <= SECONDS_MAX
    assert {fault.offset for fault in dealt} == {-3600.0, 3600.0}


def test_only_what_was_asked_for_is_dealt():
    dealt = list(islice(deal(1, 1.0, ["kill:users", "flush"]), 50))
    assert {(fault.kind, fault.target) for fault in dealt} == {
        ("kill", "users"),
        ("flush", "valkey"),
    }


@pytest.mark.parametrize("text", ["nothing", "flush:users", "kill:nobody"])
def test_a_fault_that_is_not_known_is_refused(text):
    with pytest.raises(ValueError, match="no such fault"):
        read_kind(text)
