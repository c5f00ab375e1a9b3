from datetime import timedelta
from uuid import UUID

import pytest

from services.events.domain.entries import Head, chain_entries, entry_violations
from tests.services.events.helpers import MORNING as TIME
from tests.services.events.helpers import SAMPLE, make_chain


def test_positions_have_no_gaps():
    assert [entry.position for entry in make_chain(5)] == [1, 2, 3, 4, 5]


def test_append_times_never_decrease():
    _, head = chain_entries(Head(), [SAMPLE], TIME)
    [entry], after = chain_entries(
        head, [SAMPLE._replace(id=UUID(int=2))], TIME - timedelta(days=1)
    )
    assert entry.append_time == after.append_time == TIME


def test_a_hash_covers_the_hash_before_it():
    [first], _ = chain_entries(Head(), [SAMPLE], TIME)
    [other], _ = chain_entries(Head(hash=bytes(31) + b"x"), [SAMPLE], TIME)
    assert first.hash != other.hash


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "Created"}, "events[0].type"),
        ({"type": "created"}, "events[0].type"),
        ({"source": ""}, "events[0].source"),
        ({"category": 0}, "events[0].category"),
        ({"subject": "x" * 257}, "events[0].subject"),
        ({"data": "x" * 65537}, "events[0].data"),
        ({"data": "名" * 21846}, "events[0].data"),
        ({"actor": "a\0"}, "events[0].actor"),
    ],
)
def test_bad_event_is_named(change, field):
    assert [one.field for one in entry_violations(SAMPLE._replace(**change), "events[0]")] == [
        field
    ]
