"""Fields of requests: contract → domain."""

from libral.events.v1 import events_pb2

from services.events.domain.consumers import check_report
from services.events.domain.dead_letters import parse_dead_letter_name
from services.events.domain.filters import EventFilter
from services.events.domain.words import EventQuery, query_violations
from services.kernel.errors import FieldViolation, InvalidArgumentError, invalid
from services.kernel.messages import parse_name, read_timestamp

CONSUMERS = "consumers"
USERS = "users/"


def read_dead_letter_name(name: str) -> tuple[str, int]:
    try:
        return parse_dead_letter_name(name)
    except ValueError:
        raise invalid("name", "It must be deadLetters/{consumer}-{position}.") from None


def parse_consumer(consumer: events_pb2.Consumer) -> str:
    """Return the name of a reporting consumer without the collection.

    Raises:
        InvalidArgumentError: The name, position or types are invalid.
    """
    name = parse_name(consumer.name, CONSUMERS, "consumer.name")
    check_report(name, consumer.position, consumer.types, "consumer")
    return name


def parse_query(request: events_pb2.ParseEventQueryRequest) -> EventQuery:
    if not request.query:
        raise invalid("query", "It is required.")
    if found := query_violations(request.query):
        raise InvalidArgumentError(found)
    return EventQuery.parse(request.query)


def list_filter(request: events_pb2.ListEventsRequest) -> EventFilter:
    """Return the filter of a list request.

    Raises:
        InvalidArgumentError: With all violations found.
    """
    found = query_violations(request.query)
    if request.user and not request.user.startswith(USERS):
        found.append(FieldViolation("user", "It must be users/{user}."))
    for name in ("type", "source", "subject", "actor", "user"):
        if "\0" in getattr(request, name):
            found.append(FieldViolation(name, "It must not contain the character NUL."))
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
        query=EventQuery.parse(request.query),
        start_time=read_timestamp(request, "start_time"),
        end_time=read_timestamp(request, "end_time"),
    )


def stream_filter(request: events_pb2.StreamEventsRequest) -> EventFilter:
    return EventFilter(
        categories=tuple(request.categories),
        types=tuple(request.types),
        min_level=request.min_level,
    )
