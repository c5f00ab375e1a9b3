"""Fields of requests: contract → domain."""

from datetime import datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from libral.events.v1 import events_pb2

from services.events.domain.dead_letters import parse_dead_letter_name
from services.events.domain.filters import EventFilter
from services.events.domain.words import Query, query_violations
from services.events.servicer.event_messages import parse_id, read_time
from services.kernel.errors import FieldViolation, InvalidArgumentError, invalid

CONSUMERS = "consumers/"
USERS = "users/"
NAME_LENGTH_MAX = 64
TYPES_MAX = 200


def parse_event_name(name: str) -> UUID:
    collection, _, event_id = name.partition("/")
    if collection != "events":
        raise invalid("name", "It must be events/{id}.")
    return parse_id(event_id, "name")


def parse_letter_name(name: str) -> tuple[str, int]:
    try:
        return parse_dead_letter_name(name)
    except ValueError:
        raise invalid("name", "It must be deadLetters/{consumer}-{position}.") from None


def parse_consumer(consumer: events_pb2.Consumer) -> str:
    """Return the name of a consumer that reports, without its collection.

    Raises:
        InvalidArgumentError: Its name, position or types are wrong.
    """
    name = consumer.name.removeprefix(CONSUMERS)
    if not consumer.name.startswith(CONSUMERS) or not 0 < len(name) <= NAME_LENGTH_MAX:
        raise invalid("consumer.name", "It must be consumers/{room}.")
    if consumer.position < 0:
        raise invalid("consumer.position", "It must not be negative.")
    if not 1 <= len(consumer.types) <= TYPES_MAX:
        raise invalid("consumer.types", f"There must be 1 to {TYPES_MAX}.")
    return name


def parse_query(request: events_pb2.ParseEventQueryRequest) -> Query:
    if not request.query:
        raise invalid("query", "It is required.")
    if found := query_violations(request.query):
        raise InvalidArgumentError(found)
    return Query.parse(request.query)


def list_filter(request: events_pb2.ListEventsRequest) -> EventFilter:
    """Return the filter of a list.

    Raises:
        InvalidArgumentError: Fields break rules: all violations.
    """
    found = query_violations(request.query)
    if request.user and not request.user.startswith(USERS):
        found.append(FieldViolation("user", "It must be users/{user}."))
    for name in ("type", "source", "subject", "actor", "user"):
        if "\0" in getattr(request, name):
            found.append(FieldViolation(name, "It must not have the character NUL."))
    if found:
        raise InvalidArgumentError(found)
    return EventFilter(
        categories=tuple(request.categories),
        types=(request.type,) if request.type else (),
        min_level=request.min_level,
        source=request.source,
        subject=request.subject,
        actor=request.actor,
        user=request.user,
        query=Query.parse(request.query),
        start_time=optional_time(request, "start_time"),
        end_time=optional_time(request, "end_time"),
    )


def stream_filter(request: events_pb2.StreamEventsRequest) -> EventFilter:
    return EventFilter(
        categories=tuple(request.categories),
        types=tuple(request.types),
        min_level=request.min_level,
    )


def optional_time(request: events_pb2.ListEventsRequest, field: str) -> datetime | None:
    if not request.HasField(field):  # type: ignore[arg-type]  # one of two names
        return None
    stamp: Timestamp = getattr(request, field)
    return read_time(stamp, field)
