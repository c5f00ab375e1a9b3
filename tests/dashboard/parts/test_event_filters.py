"""Live events are filtered like stored events are by the events service."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from libral.events.v1 import events_pb2

from dashboard.api.events import Event, QueryTerm, parse_terms
from dashboard.parts.event_filters import EventFilters
from services.events.domain.words import EventQuery, users_of
from services.events.servicer.event_messages import parse_entry
from services.events.servicer.responses import query_message

ZONE = ZoneInfo("Asia/Tokyo")
LETTERS = st.text('aB1ａé_-"\\\n:ー支払いアｱ한 .', max_size=8)
VALUES = st.recursive(
    LETTERS | st.floats(-3, 3) | st.integers(-9, 9) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LETTERS, inner, max_size=3),
    max_leaves=6,
)
USERS = st.sampled_from(["users/1", "users/2", "services/users", "", "支払い"])


@st.composite
def events(draw) -> events_pb2.Event:
    event = events_pb2.Event(
        id=str(uuid4()),
        type=draw(st.sampled_from(["user.created", "a.b"])),
        source="users",
        category="USER",
        subject=draw(USERS),
        actor=draw(USERS),
    )
    event.time.FromDatetime(datetime(2026, 1, 1, tzinfo=UTC))
    data = draw(st.dictionaries(LETTERS | st.just("user"), VALUES | USERS, max_size=3))
    json_format.ParseDict(data, event.data)
    return event


def matches(event: events_pb2.Event, terms: Sequence[QueryTerm] = (), **query: str) -> bool:
    found = Event.parse(json_format.MessageToDict(event))
    return EventFilters.read(query, ZONE).matches(found, terms)


def terms_of(query: EventQuery) -> Sequence[QueryTerm]:
    """Return the terms of a query as ParseEventQuery returns them over REST."""
    return parse_terms(json_format.MessageToDict(query_message(query)))


@given(events(), LETTERS.filter(lambda words: EventQuery.parse(words) != EventQuery()))
def test_terms_are_found_as_in_the_log(event, words):
    query = EventQuery.parse(words)
    assert matches(event, terms_of(query), q=words) == query.matches(parse_entry(event, "event"))


@given(events(), st.sampled_from(["users/1", "users/2"]))
def test_users_are_found_as_in_the_log(event, user):
    assert matches(event, user=user) == (user in users_of(parse_entry(event, "event")))


@pytest.mark.parametrize(
    ("query", "requested"),
    [
        ({}, {}),
        (
            {"category": "API", "level": "ERROR"},
            {"categories": "API", "minLevel": "ERROR"},
        ),
        ({"user": "1", "q": " a b "}, {"user": "users/1", "query": "a b"}),
        (
            {"from": "2026-01-01T09:00", "to": "2026-01-02T09:00:30"},
            {"startTime": "2026-01-01T00:00:00Z", "endTime": "2026-01-02T00:00:30Z"},
        ),
        ({"from": "0001-01-01T00:00", "to": "now", "event": "x"}, {}),
        ({"page": "token"}, {"pageToken": "token"}),
    ],
)
def test_an_address_becomes_a_request(query, requested):
    assert EventFilters.read(query, ZONE).list_request(50) == {"pageSize": 50} | requested
