from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from libral.events.v1 import events_pb2

from services.events.domain.entries import BATCH_MAX, Head, chain_entries
from services.events.servicer.event_messages import (
    complete_message,
    event_message,
    parse_entry,
    parse_events,
    read_time,
    write_time,
)
from services.kernel.errors import InvalidArgumentError
from tests.services.events.helpers import MORNING, make_event


def test_a_completed_message_equals_the_message_of_the_stored_event():
    """Streams send the first, reads return the second."""
    event = make_event(actor="users/9", level=events_pb2.Event.WARNING, request_id="r")
    event.time.nanos = 123_456_789
    [entry], _ = chain_entries(Head(), [parse_entry(event, "event")], MORNING)
    message = complete_message(entry, event)
    assert message is event
    assert message == event_message(entry)
    assert message.name == f"events/{entry.id}"
    assert (message.position, message.hash) == (1, entry.hash)
    assert message.append_time.ToDatetime(tzinfo=UTC) == MORNING
    assert message.time.nanos == 123_456_000


def test_an_unset_level_is_info():
    assert parse_entry(make_event(), "event").level == events_pb2.Event.INFO


def violated(*events) -> list[str]:
    with pytest.raises(InvalidArgumentError) as failure:
        parse_events(events)
    return [violation.field for violation in failure.value.violations]


def test_every_violation_is_named():
    assert violated(
        make_event("Bad", source=""),
        make_event(id="x"),
        make_event(),
        make_event(time=Timestamp()),
    ) == ["events[0].type", "events[0].source", "events[1].id", "events[3].time"]


@pytest.mark.parametrize("count", [0, BATCH_MAX + 1])
def test_a_batch_has_bounds(count):
    assert violated(*[make_event()] * count) == ["events"]
    assert len(parse_events([make_event()] * BATCH_MAX)) == BATCH_MAX


@pytest.mark.parametrize(
    "time",
    [
        MORNING,
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
)
def test_times_are_kept_to_the_microsecond(time):
    stamp = Timestamp()
    write_time(stamp, time)
    assert stamp.ToDatetime(tzinfo=UTC) == time
    assert read_time(stamp, "time") == time


@pytest.mark.parametrize(
    "stamp", [Timestamp(seconds=2**62), Timestamp(seconds=1, nanos=-1), Timestamp(nanos=10**9)]
)
def test_a_time_out_of_range_is_refused(stamp):
    with pytest.raises(InvalidArgumentError, match="out of range"):
        read_time(stamp, "time")
