"""EventService: contract ↔ domain."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from libral.events.v1 import events_pb2, events_pb2_grpc

from services.events import messages
from services.events.domain import (
    Defect,
    Entry,
    Head,
    Mark,
    Query,
    find_defect,
    is_spaced,
    pattern,
    query_violations,
)
from services.events.storage import blocks, checkpoints, search
from services.events.storage import log as storage
from services.events.storage.search import Filter, Found
from services.events.worker.appender import Appender
from services.events.worker.checkpointer import Checkpointer
from services.events.worker.tail import Tail
from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.kernel.errors import (
    FieldViolation,
    InvalidArgumentError,
    LibralError,
    NotFoundError,
    invalid,
)
from services.kernel.messages import decode_token, encode_token, page_size

STREAM_BATCH = 500
FROM_NOW_ON = -1
VERIFY_DEFAULT = 10_000
VERIFY_MAX = 100_000
VERIFY_BATCH = 1000
OUT_OF_RANGE = 11
CHANNELS = {
    "FILE": events_pb2.Checkpoint.FILE,
    "LOG": events_pb2.Checkpoint.LOG,
    "TELEGRAM": events_pb2.Checkpoint.TELEGRAM,
}

Context = grpc.aio.ServicerContext[Any, Any]


class ExpiredError(LibralError):
    """What is asked for is no longer kept."""

    code = OUT_OF_RANGE

    def __init__(self, floor: int) -> None:
        super().__init__(
            "EVENTS_EXPIRED",
            f"The events up to position {floor} are no longer kept.",
            localized="保存期間を過ぎたイベントです。",
            metadata={"first_position": str(floor + 1)},
        )


class EventServicer(events_pb2_grpc.EventServiceServicer):
    """Serves the log."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        tail: Tail,
        appender: Appender,
        checkpointer: Checkpointer,
    ) -> None:
        self._database = database
        self._clock = clock
        self._tail = tail
        self._appender = appender
        self._checkpointer = checkpointer

    async def GetEvent(
        self, request: events_pb2.GetEventRequest, context: Context
    ) -> events_pb2.Event:
        event_id = parse_name(request.name)
        async with self._database.reading() as connection:
            entry = await storage.find_by_id(connection, event_id)
        if entry is None:
            raise NotFoundError("event", request.name)
        return messages.event_message(entry)

    async def ListEvents(
        self, request: events_pb2.ListEventsRequest, context: Context
    ) -> events_pb2.ListEventsResponse:
        size = page_size(request)
        cursor = decode_token(request, 1)
        wanted = list_filter(request)
        async with self._database.reading() as connection:
            floor = await storage.read_floor(connection)
            high = (await storage.read_head(connection)).position
            if cursor is not None:
                high = min(high, int(cursor[0]) - 1)
            span = (floor.position + 1, high)
            found = await search.find(connection, wanted, span, size, descending=True)
        response = events_pb2.ListEventsResponse(events=map(messages.event_message, found.entries))
        if found.until > floor.position + 1:
            response.next_page_token = encode_token(request, [found.until])
        return response

    async def AppendEvents(
        self, request: events_pb2.AppendEventsRequest, context: Context
    ) -> events_pb2.AppendEventsResponse:
        entries = messages.parse_events(request.events)
        positions = await self._appender.append(entries, request.events)
        return events_pb2.AppendEventsResponse(positions=positions)

    async def StreamEvents(
        self, request: events_pb2.StreamEventsRequest, context: Context
    ) -> AsyncIterator[events_pb2.Event]:
        wanted = Filter(
            categories=tuple(request.categories),
            types=tuple(request.types),
            min_level=request.min_level,
        )
        cursor = await self._first_cursor(request.after)
        while True:
            events = self._tail.recent.after(cursor, STREAM_BATCH)
            if events:
                for entry, event in events:
                    if wanted.lets(entry):
                        yield event
                cursor = events[-1][0].position
            elif cursor < self._tail.position:
                found = await self._history(wanted, cursor)
                for entry in found.entries:
                    yield messages.event_message(entry)
                cursor = found.until
            await self._tail.wait_beyond(cursor)

    async def GetEventStats(
        self, request: events_pb2.GetEventStatsRequest, context: Context
    ) -> events_pb2.EventStats:
        now = self._clock.now()
        async with self._database.reading() as connection:
            head = await storage.read_head(connection)
            hour = await blocks.count_since(connection, now - timedelta(hours=1))
            day = await blocks.count_since(connection, now - timedelta(days=1))
        stats = events_pb2.EventStats(
            head_position=head.position,
            last_hour_count=hour.total,
            last_day_count=day.total,
            error_day_count=day.errors,
        )
        for category, number in sorted(day.categories.items()):
            stats.categories.add(category=messages.category_of(category), count=number)
        stats.measure_time.FromDatetime(now)
        return stats

    async def VerifyEvents(
        self, request: events_pb2.VerifyEventsRequest, context: Context
    ) -> events_pb2.VerifyEventsResponse:
        number = request.count or VERIFY_DEFAULT
        async with self._database.reading() as connection:
            floor = await storage.read_floor(connection)
            head = await storage.read_head(connection)
            start = request.start or floor.position + 1
            check_range(start, number, floor.position)
            until = min(start + number - 1, head.position)
            before, defect = floor, None
            if start > floor.position + 1:
                found = await storage.list_between(connection, start - 2, start - 1, 1)
                before = Head(start - 1, found[0].hash if found else b"")
            while before.position < until and defect is None:
                entries = await storage.list_between(
                    connection, before.position, until, VERIFY_BATCH
                )
                defect = find_defect(before, entries) or missing_after(before, entries)
                if entries:
                    before = Head(entries[-1].position, entries[-1].hash)
        if defect is None and until == head.position and before.hash != head.hash:
            defect = Defect(head.position, "It is not what the head of the log says.")
        checked = (defect.position if defect else until + 1) - start
        return events_pb2.VerifyEventsResponse(
            valid=defect is None,
            checked_count=max(checked, 0),
            first_bad_position=defect.position if defect else 0,
            problem=defect.problem if defect else "",
            next_start=until + 1 if defect is None and until < head.position else 0,
        )

    async def ParseEventQuery(
        self, request: events_pb2.ParseEventQueryRequest, context: Context
    ) -> events_pb2.ParseEventQueryResponse:
        if not request.query:
            raise invalid("query", "It is required.")
        if found := query_violations(request.query):
            raise InvalidArgumentError(found)
        query = Query.parse(request.query)
        return events_pb2.ParseEventQueryResponse(
            terms=[
                events_pb2.ParseEventQueryResponse.Term(
                    text=run, whole_word=is_spaced(run), pattern=pattern(run)
                )
                for run in (*query.words, *query.parts)
            ]
        )

    async def GetLatestCheckpoint(
        self, request: events_pb2.GetLatestCheckpointRequest, context: Context
    ) -> events_pb2.Checkpoint:
        async with self._database.reading() as connection:
            known = await checkpoints.find(connection)
        if known is None:
            raise NotFoundError("checkpoint", "latest")
        head, time, marks = known
        answer = events_pb2.Checkpoint(position=head.position, hash=head.hash)
        messages.write_time(answer.create_time, time)
        for name, channel in CHANNELS.items():
            mark = marks.get(name, Mark())
            publication = answer.publications.add(
                channel=channel,
                enabled=name in self._checkpointer.channels,
                position=mark.position,
                error=mark.error,
            )
            if mark.time:
                messages.write_time(publication.publish_time, mark.time)
        return answer

    async def _first_cursor(self, after: int) -> int:
        async with self._database.reading() as connection:
            head = await storage.read_head(connection)
            floor = await storage.read_floor(connection)
        self._tail.heard(head.position)
        if after == FROM_NOW_ON:
            return head.position
        if not 0 <= after <= head.position:
            raise invalid("after", f"It must be -1, 0 or a position up to {head.position}.")
        if 0 < after < floor.position:
            raise ExpiredError(floor.position)
        return max(after, floor.position)

    async def _history(self, wanted: Filter, after: int) -> Found:
        span = (after + 1, self._tail.position)
        async with self._database.reading() as connection:
            return await search.find(connection, wanted, span, STREAM_BATCH, descending=False)


def missing_after(before: Head, entries: Sequence[Entry]) -> Defect | None:
    """A read that finds nothing below the head means that the tail is gone."""
    return None if entries else Defect(before.position + 1, "It is missing.")


def check_range(start: int, number: int, floor: int) -> None:
    if start < 1:
        raise invalid("start", "It must be 1 or more.")
    if start <= floor:
        raise ExpiredError(floor)
    if not 1 <= number <= VERIFY_MAX:
        raise invalid("count", f"It must be 1 to {VERIFY_MAX}.")


def list_filter(request: events_pb2.ListEventsRequest) -> Filter:
    """Reads the filter of a list, with every violation of it."""
    found = query_violations(request.query)
    if request.user and not request.user.startswith("users/"):
        found.append(FieldViolation("user", "It must be users/{user}."))
    for name in ("type", "source", "subject", "actor", "user"):
        if "\0" in getattr(request, name):
            found.append(FieldViolation(name, "It must not have the character NUL."))
    if found:
        raise InvalidArgumentError(found)
    return Filter(
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


def optional_time(request: events_pb2.ListEventsRequest, field: str) -> datetime | None:
    if not request.HasField(field):  # type: ignore[arg-type]  # one of two names
        return None
    stamp: Timestamp = getattr(request, field)
    return messages.read_time(stamp, field)


def parse_name(name: str) -> UUID:
    collection, _, event_id = name.partition("/")
    if collection != "events":
        raise invalid("name", "It must be events/{id}.")
    return messages.parse_id(event_id, "name")
