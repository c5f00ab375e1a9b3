from datetime import UTC, datetime

import pytest
from google.protobuf import json_format
from libral.events.v1 import events_pb2

from dashboard.api.events import Event, EventStats, QueryTerm, parse_terms


def test_an_event_has_the_fields_of_the_contract():
    message = events_pb2.Event(
        id="e-1",
        position=2**60,
        type="user.created",
        source="users",
        subject="users/1",
        category=events_pb2.Event.USER,
        level=events_pb2.Event.INFO,
        actor="users/2",
        request_id="r-1",
    )
    message.time.FromDatetime(datetime(2026, 1, 1, tzinfo=UTC))
    message.append_time.FromDatetime(datetime(2026, 1, 2, tzinfo=UTC))
    message.data.update({"n": 1})
    assert Event.parse(json_format.MessageToDict(message)) == Event(
        id="e-1",
        position=2**60,
        type="user.created",
        source="users",
        subject="users/1",
        category="USER",
        level="INFO",
        actor="users/2",
        request_id="r-1",
        time=datetime(2026, 1, 1, tzinfo=UTC),
        append_time=datetime(2026, 1, 2, tzinfo=UTC),
        data={"n": 1},
    )


def test_what_is_not_known_is_kept_and_what_is_missing_is_empty():
    assert Event.parse({"level": "FATAL"}).level == "FATAL"
    assert Event.parse({}).time is None
    assert Event.parse({}).position == 0
    assert EventStats.parse({"headPosition": "0"}) == EventStats(head_position=0)


def test_terms_find_their_pattern():
    response = events_pb2.ParseEventQueryResponse()
    response.terms.add(text="order", whole_word=True, pattern=r"\border\b")
    (term,) = parse_terms(json_format.MessageToDict(response))
    assert term.text == "order"
    assert term.pattern.search("an order")
    assert not term.pattern.search("orders")


@pytest.mark.parametrize("pattern", ["", "("])
def test_a_term_that_cannot_be_searched_for_is_refused(pattern):
    with pytest.raises(ValueError, match="pattern"):
        QueryTerm.parse({"text": "a", "pattern": pattern})
