from datetime import timedelta

import pytest
from libral.events.v1 import events_pb2

from services.events.domain.filters import EventFilter
from services.events.domain.words import EventQuery
from services.events.servicer.requests import (
    list_filter,
    parse_consumer,
    parse_query,
    read_dead_letter_name,
    stream_filter,
)
from services.kernel.errors import InvalidArgumentError
from tests.services.events.helpers import MORNING


def violated(parse, *arguments) -> list[str]:
    with pytest.raises(InvalidArgumentError) as failure:
        parse(*arguments)
    return [violation.field for violation in failure.value.violations]


def test_a_dead_letter_name_is_parsed():
    assert read_dead_letter_name("deadLetters/users-7") == ("users", 7)


def test_a_malformed_dead_letter_name_is_refused():
    assert violated(read_dead_letter_name, "deadLetters/users") == ["name"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "users"}, "consumer.name"),
        ({"name": "consumers/"}, "consumer.name"),
        ({"position": -1}, "consumer.position"),
    ],
)
def test_a_wrong_report_is_refused(change, field):
    fields = {"name": "consumers/users", "position": 3, "types": ["a.b"]}
    assert parse_consumer(events_pb2.Consumer(**fields)) == "users"
    assert violated(parse_consumer, events_pb2.Consumer(**(fields | change))) == [field]


@pytest.mark.parametrize("query", ["", "--", "x" * 257])
def test_a_query_without_words_or_too_long_is_refused(query):
    assert violated(parse_query, events_pb2.ParseEventQueryRequest(query=query)) == ["query"]


def test_the_filter_of_a_list():
    request = events_pb2.ListEventsRequest(
        categories=[3, 1], min_level=3, type="a.b", source="s", query="TARO", user="users/1"
    )
    request.start_time.FromDatetime(MORNING)
    request.end_time.FromDatetime(MORNING + timedelta(days=1))
    assert list_filter(request) == EventFilter(
        categories=(3, 1),
        types=("a.b",),
        min_level=3,
        source="s",
        user="users/1",
        query=EventQuery.parse("taro"),
        start_time=MORNING,
        end_time=MORNING + timedelta(days=1),
    )
    assert list_filter(events_pb2.ListEventsRequest()).accepts_all


def test_every_violation_of_a_filter_is_named():
    request = events_pb2.ListEventsRequest(query="--", user="7\0", actor="\0")
    assert violated(list_filter, request) == ["query", "user", "actor", "user"]


def test_the_filter_of_a_stream():
    request = events_pb2.StreamEventsRequest(categories=[2], min_level=4, types=["a.b", "c.d"])
    assert stream_filter(request) == EventFilter(categories=(2,), min_level=4, types=("a.b", "c.d"))
