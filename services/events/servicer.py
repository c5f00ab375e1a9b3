"""EventService: contract ↔ domain."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import grpc
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp
from libral.events.v1 import events_pb2, events_pb2_grpc

from services.events import domain, storage
from services.events.domain import Entry
from services.events.storage import Filter
from services.events.worker import Tail
from services.kernel.clock import Clock
from services.kernel.database import Database
from services.kernel.errors import (
    FieldViolation,
    InvalidArgumentError,
    NotFoundError,
    invalid,
)
from services.kernel.events import Level
from services.kernel.pagination import decode_token, encode_token, page_size

STREAM_BATCH = 500
FROM_NOW_ON = -1
VERIFY_DEFAULT = 10_000
VERIFY_MAX = 100_000
VERIFY_BATCH = 1000

Context = grpc.aio.ServicerContext[Any, Any]


class EventServicer(events_pb2_grpc.EventServiceServicer):
    """Serves the log."""

    def __init__(self, database: Database, clock: Clock, tail: Tail) -> None:
        self._database = database
        self._clock = clock
        self._tail = tail

    async def GetEvent(
        self, request: events_pb2.GetEventRequest, context: Context
    ) -> events_pb2.Event:
        event_id = parse_name(request.name)
        async with self._database.reading() as connection:
            entry = await storage.find_by_id(connection, event_id)
        if entry is None:
            raise NotFoundError("event", request.name)
        return to_message(entry)

    async def ListEvents(
        self, request: events_pb2.ListEventsRequest, context: Context
    ) -> events_pb2.ListEventsResponse:
        size = page_size(request)
        cursor = decode_token(request, 1)
        before = None if cursor is None else int(cursor[0])
        async with self._database.reading() as connection:
            entries = await storage.list_newest(connection, list_filter(request), before, size + 1)
        response = events_pb2.ListEventsResponse(events=map(to_message, entries[:size]))
        if len(entries) > size:
            response.next_page_token = encode_token(request, [entries[size - 1].position])
        return response

    async def AppendEvents(
        self, request: events_pb2.AppendEventsRequest, context: Context
    ) -> events_pb2.AppendEventsResponse:
        entries = self._parse(request.events)
        async with self._database.transaction() as connection:
            head = await storage.lock_head(connection)
            positions = await storage.find_positions(connection, [entry.id for entry in entries])
            fresh = {entry.id: entry for entry in entries if entry.id not in positions}
            if fresh:
                placed, head = domain.chain(head, fresh.values())
                await storage.append(connection, placed, head)
                positions |= {entry.id: entry.position for entry in placed}
        if fresh:
            await self._tail.announce(head.position)
        return events_pb2.AppendEventsResponse(positions=[positions[entry.id] for entry in entries])

    async def StreamEvents(
        self, request: events_pb2.StreamEventsRequest, context: Context
    ) -> AsyncIterator[events_pb2.Event]:
        wanted = Filter(
            categories=request.categories, types=request.types, min_level=request.min_level
        )
        cursor = await self._first_cursor(request.after)
        while True:
            async with self._database.reading() as connection:
                until = (await storage.read_head(connection)).position
                entries = await storage.list_between(
                    connection, wanted, cursor, until, STREAM_BATCH
                )
            for entry in entries:
                yield to_message(entry)
            if len(entries) == STREAM_BATCH:
                cursor = entries[-1].position
            else:
                cursor = until
                await self._tail.wait_beyond(cursor)

    async def GetEventStats(
        self, request: events_pb2.GetEventStatsRequest, context: Context
    ) -> events_pb2.EventStats:
        now = self._clock.now()
        async with self._database.reading() as connection:
            head = await storage.read_head(connection)
            counts = await storage.count(connection, now)
        stats = events_pb2.EventStats(
            head_position=head.position,
            last_hour_count=counts.last_hour,
            last_day_count=counts.last_day,
            error_day_count=counts.errors,
        )
        for category, number in sorted(counts.categories.items()):
            stats.categories.add(category=category_of(category), count=number)
        stats.measure_time.FromDatetime(now)
        return stats

    async def VerifyEvents(
        self, request: events_pb2.VerifyEventsRequest, context: Context
    ) -> events_pb2.VerifyEventsResponse:
        start, number = request.start or 1, request.count or VERIFY_DEFAULT
        check_range(start, number)
        async with self._database.reading() as connection:
            head = await storage.read_head(connection)
            until = min(start + number - 1, head.position)
            before, defect = domain.Head(), None
            if start > 1:
                found = await storage.list_between(connection, Filter(), start - 2, start - 1, 1)
                before = domain.Head(start - 1, found[0].hash if found else b"")
            while before.position < until and defect is None:
                entries = await storage.list_between(
                    connection, Filter(), before.position, until, VERIFY_BATCH
                )
                defect = domain.find_defect(before, entries) or missing_after(before, entries)
                if entries:
                    before = domain.Head(entries[-1].position, entries[-1].hash)
        checked = (defect.position if defect else until + 1) - start
        return events_pb2.VerifyEventsResponse(
            valid=defect is None,
            checked_count=max(checked, 0),
            first_bad_position=defect.position if defect else 0,
            problem=defect.problem if defect else "",
            next_start=until + 1 if defect is None and until < head.position else 0,
        )

    async def _first_cursor(self, after: int) -> int:
        async with self._database.reading() as connection:
            head = await storage.read_head(connection)
        self._tail.advance(head.position)
        if after == FROM_NOW_ON:
            return head.position
        if not 0 <= after <= head.position:
            raise invalid("after", f"It must be -1, 0 or a position up to {head.position}.")
        return after

    def _parse(self, events: Sequence[events_pb2.Event]) -> list[Entry]:
        """Reads the events of a request, with every violation of every one."""
        if not 1 <= len(events) <= domain.BATCH_MAX:
            raise invalid("events", f"There must be 1 to {domain.BATCH_MAX}.")
        entries: list[Entry] = []
        found: list[FieldViolation] = []
        for number, event in enumerate(events):
            field = f"events[{number}]"
            try:
                entry = self._entry_of(event, field)
            except InvalidArgumentError as error:
                found.extend(error.violations)
            else:
                found.extend(domain.violations(entry, field))
                entries.append(entry)
        if found:
            raise InvalidArgumentError(found)
        return entries

    def _entry_of(self, event: events_pb2.Event, field: str) -> Entry:
        return Entry(
            id=parse_id(event.id, f"{field}.id"),
            type=event.type,
            source=event.source,
            subject=event.subject,
            category=event.category,
            level=event.level or Level.INFO,
            actor=event.actor,
            request_id=event.request_id,
            time=parse_time(event.time, f"{field}.time"),
            data=canonical(json_format.MessageToDict(event.data)),
            append_time=self._clock.now(),
        )


def missing_after(before: domain.Head, entries: Sequence[Entry]) -> domain.Defect | None:
    """A read that finds nothing below the head means that the tail is gone."""
    return None if entries else domain.Defect(before.position + 1, "It is missing.")


def check_range(start: int, number: int) -> None:
    if start < 1:
        raise invalid("start", "It must be 1 or more.")
    if not 1 <= number <= VERIFY_MAX:
        raise invalid("count", f"It must be 1 to {VERIFY_MAX}.")


def list_filter(request: events_pb2.ListEventsRequest) -> Filter:
    start, end = request.start_time, request.end_time
    return Filter(
        categories=request.categories,
        types=[request.type] if request.type else [],
        min_level=request.min_level,
        source=request.source,
        subject=request.subject,
        actor=request.actor,
        query=request.query,
        start_time=parse_time(start, "start_time") if request.HasField("start_time") else None,
        end_time=parse_time(end, "end_time") if request.HasField("end_time") else None,
    )


def parse_name(name: str) -> UUID:
    collection, _, event_id = name.partition("/")
    if collection != "events":
        raise invalid("name", "It must be events/{id}.")
    return parse_id(event_id, "name")


def parse_id(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise invalid(field, "It must be a UUID.") from None


def parse_time(stamp: Timestamp, field: str) -> datetime:
    try:
        time = stamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise invalid(field, "It is out of range.") from None
    if not stamp.seconds:
        raise invalid(field, "It is required.")
    return time


def canonical(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def category_of(number: int) -> Any:
    return events_pb2.Event.Category.ValueType(number)


def to_message(entry: Entry) -> events_pb2.Event:
    event = events_pb2.Event(
        name=f"events/{entry.id}",
        id=str(entry.id),
        position=entry.position,
        type=entry.type,
        source=entry.source,
        subject=entry.subject,
        category=category_of(entry.category),
        level=events_pb2.Event.Level.ValueType(entry.level),
        actor=entry.actor,
        request_id=entry.request_id,
        hash=entry.hash,
    )
    event.time.FromDatetime(entry.time)
    event.append_time.FromDatetime(entry.append_time)
    json_format.ParseDict(json.loads(entry.data), event.data)
    return event
