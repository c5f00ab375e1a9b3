from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.domain.entries import Entry, Head, chain, violations
from services.events.domain.verification import find_defect

TIME = datetime(2026, 1, 1, tzinfo=UTC)
SAMPLE = Entry(
    id=UUID(int=1),
    type="user.created",
    source="users",
    subject="users/1",
    category=2,
    level=2,
    actor="",
    request_id="",
    time=TIME,
    data="{}",
)


def make_log(length: int) -> list[Entry]:
    entries = [SAMPLE._replace(id=UUID(int=number)) for number in range(length)]
    placed, _ = chain(Head(), entries, TIME)
    return placed


def test_positions_have_no_gaps():
    assert [entry.position for entry in make_log(5)] == [1, 2, 3, 4, 5]


def test_chain_goes_on_from_its_head():
    first, head = chain(Head(), [SAMPLE], TIME)
    second, _ = chain(head, [SAMPLE._replace(id=UUID(int=2))], TIME)
    assert find_defect(Head(), [*first, *second]) is None


@given(st.integers(1, 20), st.data())
def test_any_edit_is_found(length, data):
    log = make_log(length)
    at = data.draw(st.integers(0, length - 1))
    column, value = data.draw(
        st.sampled_from(
            [
                ("type", "user.deleted"),
                ("subject", "users/2"),
                ("data", '{"a":1}'),
                ("level", 4),
                ("actor", "users/9"),
                ("time", datetime(2025, 1, 1, tzinfo=UTC)),
                ("hash", bytes(32)),
            ]
        )
    )
    log[at] = log[at]._replace(**{column: value})
    defect = find_defect(Head(), log)
    assert defect is not None
    assert defect.position == at + 1


@given(st.integers(2, 20), st.data())
def test_a_deletion_is_found(length, data):
    log = make_log(length)
    at = data.draw(st.integers(0, length - 2))
    del log[at]
    defect = find_defect(Head(), log)
    assert defect is not None
    assert defect.position == at + 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "Created"}, "events[0].type"),
        ({"type": "created"}, "events[0].type"),
        ({"source": ""}, "events[0].source"),
        ({"category": 0}, "events[0].category"),
        ({"subject": "x" * 257}, "events[0].subject"),
        ({"data": "x" * 65537}, "events[0].data"),
    ],
)
def test_bad_event_is_named(change, field):
    assert [one.field for one in violations(SAMPLE._replace(**change), "events[0]")] == [field]
