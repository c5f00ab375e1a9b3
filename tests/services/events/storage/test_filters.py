"""Each filter field becomes an SQL condition that agrees with the domain."""

from datetime import timedelta

import pytest
from sqlalchemy.dialects import postgresql

from services.events.domain.filters import EventFilter
from services.events.domain.words import EventQuery, hash_word
from services.events.storage.filters import block_conditions, event_conditions
from tests.services.events.helpers import MORNING


def compiled(conditions) -> list[str]:
    dialect, options = postgresql.dialect(), {"literal_binds": True}
    return [str(one.compile(dialect=dialect, compile_kwargs=options)) for one in conditions]


def test_an_empty_filter_has_no_condition():
    assert event_conditions(EventFilter()) == block_conditions(EventFilter()) == []


@pytest.mark.parametrize(
    ("wanted", "condition"),
    [
        (EventFilter(categories=(1, 2)), "events.log.category IN (1, 2)"),
        (EventFilter(types=("a.b",)), "events.log.type IN ('a.b')"),
        (EventFilter(min_level=3), "events.log.level >= 3"),
        (EventFilter(source="s"), "events.log.source = 's'"),
        (EventFilter(subject="s"), "events.log.subject = 's'"),
        (EventFilter(actor="s"), "events.log.actor = 's'"),
        (EventFilter(start_time=MORNING), "events.log.time >= '2026-01-01 00:00:00+00:00'"),
        (
            EventFilter(end_time=MORNING + timedelta(days=1)),
            "events.log.time < '2026-01-02 00:00:00+00:00'",
        ),
    ],
)
def test_a_field_is_a_condition_of_events(wanted, condition):
    assert compiled(event_conditions(wanted)) == [condition]
    assert len(block_conditions(wanted)) == 1


def test_a_user_is_found_in_subject_actor_and_data():
    [condition] = compiled(event_conditions(EventFilter(user="users/a_b")))
    assert "events.log.subject = 'users/a_b' OR events.log.actor = 'users/a_b'" in condition
    assert "users//a/_b" in condition
    assert "ESCAPE '/'" in condition


def test_a_query_is_a_condition_of_blocks_only():
    wanted = EventFilter(query=EventQuery.parse("taro"))
    assert event_conditions(wanted) == []
    [condition] = compiled(block_conditions(wanted))
    assert "events.blocks.words @>" in condition
    assert str(hash_word("taro")) in condition


def test_choices_overlap_and_times_meet():
    wanted = EventFilter(categories=(1, 2), min_level=4, start_time=MORNING, end_time=MORNING)
    conditions = compiled(block_conditions(wanted))
    assert len(conditions) == 4
    assert all("events.blocks.words &&" in condition for condition in conditions[:2])
    assert conditions[2].startswith("events.blocks.last_time >= ")
    assert conditions[3].startswith("events.blocks.first_time < ")
