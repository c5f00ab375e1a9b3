"""EventService: contract ↔ service."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
from libral.events.v1 import events_pb2, events_pb2_grpc

from services.events.service.appender import LogAppender
from services.events.service.checkpoints import CheckpointPublisher
from services.events.service.event_reader import EventReader
from services.events.service.streams import EventStreams
from services.events.service.verification import LogVerifier
from services.events.servicer.event_messages import event_message, parse_events
from services.events.servicer.requests import (
    list_filter,
    parse_query,
    stream_filter,
)
from services.events.servicer.responses import (
    checkpoint_message,
    query_message,
    stats_message,
    verification_message,
)
from services.kernel.errors import NotFoundError
from services.kernel.messages import PageRequest, parse_uuid_name

VERIFY_DEFAULT = 10_000

Context = grpc.aio.ServicerContext[Any, Any]


class EventServicer(events_pb2_grpc.EventServiceServicer):
    """Serves EventService."""

    def __init__(
        self,
        reader: EventReader,
        streams: EventStreams[events_pb2.Event],
        appender: LogAppender[events_pb2.Event],
        verifier: LogVerifier,
        publisher: CheckpointPublisher,
    ) -> None:
        self._reader = reader
        self._streams = streams
        self._appender = appender
        self._verifier = verifier
        self._publisher = publisher

    async def GetEvent(
        self, request: events_pb2.GetEventRequest, context: Context
    ) -> events_pb2.Event:
        entry = await self._reader.find_event(parse_uuid_name(request.name, "events"))
        if entry is None:
            raise NotFoundError("event", request.name)
        return event_message(entry)

    async def ListEvents(
        self, request: events_pb2.ListEventsRequest, context: Context
    ) -> events_pb2.ListEventsResponse:
        page = PageRequest(request, int)
        before = page.cursor[0] if page.cursor else None
        found = await self._reader.list_page(list_filter(request), before, page.size)
        response = events_pb2.ListEventsResponse(events=map(event_message, found.entries))
        if found.next_before is not None:
            response.next_page_token = page.make_token(found.next_before)
        return response

    async def AppendEvents(
        self, request: events_pb2.AppendEventsRequest, context: Context
    ) -> events_pb2.AppendEventsResponse:
        entries = parse_events(request.events)
        positions = await self._appender.append(entries, request.events)
        return events_pb2.AppendEventsResponse(positions=positions)

    async def StreamEvents(
        self, request: events_pb2.StreamEventsRequest, context: Context
    ) -> AsyncIterator[events_pb2.Event]:
        stream = await self._streams.open_stream(stream_filter(request), request.after)
        while True:
            for event in await stream.next_batch():
                yield event

    async def GetEventStats(
        self, request: events_pb2.GetEventStatsRequest, context: Context
    ) -> events_pb2.EventStats:
        return stats_message(await self._reader.read_stats())

    async def VerifyEvents(
        self, request: events_pb2.VerifyEventsRequest, context: Context
    ) -> events_pb2.VerifyEventsResponse:
        verdict = await self._verifier.verify_range(
            request.start or None, request.count or VERIFY_DEFAULT
        )
        return verification_message(verdict)

    async def ParseEventQuery(
        self, request: events_pb2.ParseEventQueryRequest, context: Context
    ) -> events_pb2.ParseEventQueryResponse:
        return query_message(parse_query(request))

    async def GetLatestCheckpoint(
        self, request: events_pb2.GetLatestCheckpointRequest, context: Context
    ) -> events_pb2.Checkpoint:
        published = await self._publisher.find_last_published()
        if published is None:
            raise NotFoundError("checkpoint", "latest")
        return checkpoint_message(published, self._publisher.channels)
