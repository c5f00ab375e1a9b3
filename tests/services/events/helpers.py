"""Sample events and calls of the events service."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from libral.events.v1 import events_pb2

from services.events.domain.entries import Head, LogEntry, chain_entries

TIME = Timestamp(seconds=1_767_225_600)
# Number of events in the fixture `stored_log`.
LENGTH = 40
MORNING = datetime(2026, 1, 1, tzinfo=UTC)
SAMPLE = LogEntry(
    id=UUID(int=1),
    type="user.created",
    source="users",
    subject="users/1",
    category=2,
    level=2,
    actor="",
    request_id="",
    time=MORNING,
    data="{}",
)


def make_chain(length: int) -> list[LogEntry]:
    entries = [SAMPLE._replace(id=UUID(int=number)) for number in range(length)]
    placed, _ = chain_entries(Head(), entries, MORNING)
    return placed


def make_event(event_type: str = "user.created", **fields) -> events_pb2.Event:
    values = {
        "id": str(uuid4()),
        "type": event_type,
        "source": "users",
        "category": events_pb2.Event.USER,
        "time": TIME,
    }
    event = events_pb2.Event(**(values | fields))
    event.data.update({"text": "<b>名前</b>", "count": 3, ":x": "alert(1)"})
    return event


async def append(log, *events) -> list[int]:
    request = events_pb2.AppendEventsRequest(events=events)
    return list((await log.AppendEvents(request)).positions)


async def take(log, count: int, **request) -> list[events_pb2.Event]:
    call = log.StreamEvents(events_pb2.StreamEventsRequest(**request))
    try:
        async with asyncio.timeout(5):
            return [await call.read() for _ in range(count)]
    finally:
        call.cancel()


def violated_fields(error: grpc.aio.AioRpcError) -> list[str]:
    bad_request = error_details_pb2.BadRequest()
    for detail in rpc_status.from_call(error).details:
        detail.Unpack(bad_request)
    return [violation.field for violation in bad_request.field_violations]
