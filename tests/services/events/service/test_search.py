"""Filters return the same events from indexed blocks, from unindexed events and across pages."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from libral.events.v1 import events_pb2
from sqlalchemy import text

from services.events.service import search
from tests.services.events.helpers import append, make_event
from tests.services.helpers import eventually, refused

START = datetime(2026, 1, 1, tzinfo=UTC)
CITIES = ("東京都渋谷区", "大阪市北区", "札幌市", "Kyoto")


def made(number: int, dice: random.Random) -> events_pb2.Event:
    moment = Timestamp()
    moment.FromDatetime(START + timedelta(minutes=number, seconds=dice.randint(-90, 90)))
    event = make_event(
        dice.choice(["user.created", "payment.completed", "module.state_changed"]),
        category=dice.choice([1, 2, 3, 6]),
        level=dice.choice([1, 2, 2, 2, 2, 3, 4]),
        source=dice.choice(["users", "payments"]),
        subject=f"users/{dice.randint(1, 40)}",
        actor=dice.choice(["", "users/7", "services/users"]),
        time=moment,
    )
    event.data.update({"city": dice.choice(CITIES), "n": f"order{number}"})
    if number % 50 == 0:
        event.data.update({"user": "users/rare"})
    return event


@pytest.fixture
async def filled_log(service, log) -> list[events_pb2.Event]:
    """A log of 1,250 events with 12 indexed blocks."""
    dice = random.Random(7)
    events = [made(number, dice) for number in range(1250)]
    for first in range(0, len(events), 500):
        await append(log, *events[first : first + 500])

    async def indexed() -> bool:
        async with service.kernel.database.reading() as connection:
            count = await connection.scalar(text("SELECT count(*) FROM events.blocks"))
            return count == 12

    await eventually(indexed)
    return events


FILTERS = [
    ({}, lambda _: True),
    ({"categories": [3]}, lambda e: e.category == 3),
    ({"categories": [1, 6], "min_level": 3}, lambda e: e.category in {1, 6} and e.level >= 3),
    ({"type": "payment.completed"}, lambda e: e.type == "payment.completed"),
    (
        {"source": "payments", "actor": "users/7"},
        lambda e: (e.source, e.actor) == ("payments", "users/7"),
    ),
    ({"subject": "users/13"}, lambda e: e.subject == "users/13"),
    ({"user": "users/rare"}, lambda e: e.data.fields["user"].string_value == "users/rare"),
    ({"user": "users/7"}, lambda e: "users/7" in {e.subject, e.actor}),
    ({"query": "京都"}, lambda e: e.data["city"] == "東京都渋谷区"),
    ({"query": "KYOTO payment"}, lambda e: e.data["city"] == "Kyoto" and "payment" in e.type),
    ({"query": "order77"}, lambda e: e.data["n"] == "order77"),
    ({"query": "order"}, lambda _: False),
    (
        {"start_time": START + timedelta(minutes=100), "end_time": START + timedelta(minutes=300)},
        lambda e: (
            START + timedelta(minutes=100)
            <= e.time.ToDatetime(tzinfo=UTC)
            < START + timedelta(minutes=300)
        ),
    ),
]


@pytest.mark.parametrize("size", [7, 1000])
async def test_pages_hold_the_matching_events(log, filled_log, size, monkeypatch):
    monkeypatch.setattr(search, "READ_MAX", 300)
    monkeypatch.setattr(search, "READ_TEXT_MAX", 300)
    for fields, expected in FILTERS:
        request = events_pb2.ListEventsRequest(page_size=size, **fields)
        found = []
        while True:
            page = await log.ListEvents(request)
            found += [event.id for event in page.events]
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        assert found == [event.id for event in reversed(filled_log) if expected(event)], fields


async def test_a_rare_event_is_on_the_first_page(log, filled_log):
    """The index selects its block; no other event is read."""
    page = await log.ListEvents(events_pb2.ListEventsRequest(query="order3"))
    assert [event.id for event in page.events] == [filled_log[3].id]


async def test_a_stream_finds_old_events_by_the_index(log, filled_log):
    call = log.StreamEvents(
        events_pb2.StreamEventsRequest(types=["payment.completed"], min_level=4)
    )
    expected = [e.id for e in filled_log if e.type == "payment.completed" and e.level == 4]
    assert [(await call.read()).id for _ in expected] == expected
    call.cancel()


async def test_stats_are_those_of_the_events(log, filled_log):
    stats = await log.GetEventStats(events_pb2.GetEventStatsRequest())
    assert stats.head_position == stats.last_hour_count == stats.last_day_count == 1250
    assert stats.error_day_count == sum(event.level == 4 for event in filled_log)
    counted = {row.category: row.count for row in stats.categories}
    assert counted == {n: sum(event.category == n for event in filled_log) for n in (1, 2, 3, 6)}


async def test_bad_filters_are_named(log):
    bad = events_pb2.ListEventsRequest(query="--", user="7", subject="a\0")
    with refused("INVALID_ARGUMENT", fields=["query", "user", "subject"]):
        await log.ListEvents(bad)
