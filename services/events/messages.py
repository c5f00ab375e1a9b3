"""Events and reactions: contract ↔ domain."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp
from libral.events.v1 import events_pb2

from services.events.domain import BATCH_MAX, Consumer, Entry, Letter, violations
from services.events.domain.entries import EPOCH
from services.kernel.errors import FieldViolation, InvalidArgumentError, invalid
from services.kernel.events.event import DATA_DEPTH_MAX, Level

CONTENT_TYPE = "application/json"
EXACT_MAX = 2**53


def event_message(entry: Entry) -> events_pb2.Event:
    """Makes the message of an event that was read."""
    event = events_pb2.Event(
        type=entry.type,
        source=entry.source,
        subject=entry.subject,
        category=category_of(entry.category),
        level=events_pb2.Event.Level.ValueType(entry.level),
        actor=entry.actor,
        request_id=entry.request_id,
    )
    write_time(event.time, entry.time)
    event.data.update(orjson.loads(entry.data))
    return placed_message(entry, event)


def placed_message(entry: Entry, event: events_pb2.Event) -> events_pb2.Event:
    """Fills in what an event has once it is in the log."""
    event.id = str(entry.id)
    event.name = f"events/{event.id}"
    event.position = entry.position
    event.level = events_pb2.Event.Level.ValueType(entry.level)
    event.hash = entry.hash
    event.datacontenttype = CONTENT_TYPE
    event.time.nanos -= event.time.nanos % 1000
    write_time(event.append_time, entry.append_time)
    event.data.SetInParent()
    return event


def category_of(number: int) -> Any:
    return events_pb2.Event.Category.ValueType(number)


def write_time(stamp: Timestamp, time: datetime) -> None:
    since = time - EPOCH
    stamp.seconds = since.days * 86_400 + since.seconds
    stamp.nanos = since.microseconds * 1000


def parse_entry(event: events_pb2.Event, field: str) -> Entry:
    """Reads an event that is to be appended.

    Raises:
        InvalidArgumentError: A field cannot be read.
    """
    return Entry(
        id=parse_id(event.id, f"{field}.id"),
        type=event.type,
        source=event.source,
        subject=event.subject,
        category=event.category,
        level=event.level or Level.INFO,
        actor=event.actor,
        request_id=event.request_id,
        time=parse_time(event.time, field),
        data=parse_data(event.data, field),
    )


def parse_id(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise invalid(field, "It must be a UUID.") from None


def parse_time(stamp: Timestamp, field: str) -> datetime:
    if not stamp.seconds:
        raise invalid(f"{field}.time", "It is required.")
    return read_time(stamp, f"{field}.time")


def read_time(stamp: Timestamp, field: str) -> datetime:
    if not 0 <= stamp.nanos < 10**9:
        raise invalid(field, "It is out of range.")
    try:
        return EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)
    except OverflowError:
        raise invalid(field, "It is out of range.") from None


def parse_data(data: Struct, field: str) -> str:
    """Writes the data of an event as JSON: keys in order, numbers whole where they are."""
    try:
        content = struct_content(data, DATA_DEPTH_MAX)
    except ValueError as error:
        raise invalid(f"{field}.data", str(error)) from None
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode()


def struct_content(data: Struct, depth: int) -> dict[str, Any]:
    if not depth:
        raise ValueError(f"It is nested deeper than {DATA_DEPTH_MAX}.")
    return {key: value_content(value, depth) for key, value in data.fields.items()}


def value_content(value: Value, depth: int) -> Any:
    kind = value.WhichOneof("kind")
    return CONTENTS[kind](value, depth)


def number_content(value: Value, _: int) -> float | int:
    number = value.number_value
    if number - number != 0:
        raise ValueError("It has a number that JSON has not.")
    return int(number) if number.is_integer() and abs(number) < EXACT_MAX else number


def list_content(value: Value, depth: int) -> list[Any]:
    if not depth:
        raise ValueError(f"It is nested deeper than {DATA_DEPTH_MAX}.")
    values: ListValue = value.list_value
    return [value_content(one, depth - 1) for one in values.values]


def no_content(_: Value, __: int) -> Any:
    raise ValueError("It has a value of no kind.")


CONTENTS: dict[str | None, Callable[[Value, int], Any]] = {
    "string_value": lambda value, _: value.string_value,
    "number_value": number_content,
    "bool_value": lambda value, _: value.bool_value,
    "null_value": lambda _, __: None,
    "struct_value": lambda value, depth: struct_content(value.struct_value, depth - 1),
    "list_value": list_content,
    None: no_content,
}


def consumer_message(consumer: Consumer, lag: int, letters: int) -> events_pb2.Consumer:
    message = events_pb2.Consumer(
        name=f"consumers/{consumer.name}",
        position=consumer.position,
        lag_count=lag,
        dead_letter_count=letters,
        types=consumer.types,
    )
    write_time(message.report_time, consumer.report_time)
    return message


def letter_message(letter: Letter, entry: Entry | None) -> events_pb2.DeadLetter:
    message = events_pb2.DeadLetter(
        name=letter.name,
        consumer=letter.consumer,
        position=letter.position,
        error=letter.error,
        tries=letter.tries,
        state=events_pb2.DeadLetter.State.ValueType(letter.state),
    )
    if entry is not None:
        message.event.CopyFrom(event_message(entry))
    write_time(message.create_time, letter.create_time)
    write_time(message.update_time, letter.update_time)
    return message


def parse_events(events: Sequence[events_pb2.Event]) -> list[Entry]:
    """Reads the events of a request, with every violation of every one.

    Raises:
        InvalidArgumentError: There are none, too many, or one breaks a rule.
    """
    if not 1 <= len(events) <= BATCH_MAX:
        raise invalid("events", f"There must be 1 to {BATCH_MAX}.")
    entries: list[Entry] = []
    found: list[FieldViolation] = []
    for number, event in enumerate(events):
        field = f"events[{number}]"
        try:
            entry = parse_entry(event, field)
        except InvalidArgumentError as error:
            found.extend(error.violations)
        else:
            found.extend(violations(entry, field))
            entries.append(entry)
    if found:
        raise InvalidArgumentError(found)
    return entries
