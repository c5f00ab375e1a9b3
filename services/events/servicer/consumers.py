"""ReactionService: contract ↔ service, for consumers and their dead letters."""

from typing import Any

import grpc
from libral.events.v1 import events_pb2, events_pb2_grpc

from services.events.service.consumers import ConsumerRegistry
from services.events.service.dead_letters import DeadLetterQueue
from services.events.servicer.requests import parse_consumer, read_dead_letter_name
from services.events.servicer.responses import consumer_message, dead_letter_message
from services.kernel.messages import PageRequest

Context = grpc.aio.ServicerContext[Any, Any]


class ReactionServicer(events_pb2_grpc.ReactionServiceServicer):
    """Serves ReactionService."""

    def __init__(self, consumers: ConsumerRegistry, dead_letters: DeadLetterQueue) -> None:
        self._consumers = consumers
        self._dead_letters = dead_letters

    async def ListConsumers(
        self, request: events_pb2.ListConsumersRequest, context: Context
    ) -> events_pb2.ListConsumersResponse:
        page = PageRequest(request, str)
        after = page.cursor[0] if page.cursor else ""
        statuses, more = await self._consumers.list_consumers(after, page.size)
        response = events_pb2.ListConsumersResponse(consumers=map(consumer_message, statuses))
        if more:
            response.next_page_token = page.make_token(statuses[-1].consumer.name)
        return response

    async def ReportConsumer(
        self, request: events_pb2.ReportConsumerRequest, context: Context
    ) -> events_pb2.ReportConsumerResponse:
        consumer = request.consumer
        name = parse_consumer(consumer)
        clear = await self._consumers.report_position(name, consumer.position, consumer.types)
        return events_pb2.ReportConsumerResponse(clear_position=clear)

    async def ListDeadLetters(
        self, request: events_pb2.ListDeadLettersRequest, context: Context
    ) -> events_pb2.ListDeadLettersResponse:
        page = PageRequest(request, int, str)
        before = (page.cursor[0], page.cursor[1]) if page.cursor else None
        found, more = await self._dead_letters.list_dead_letters(
            request.consumer, before, page.size
        )
        response = events_pb2.ListDeadLettersResponse(
            dead_letters=[dead_letter_message(dead_letter, entry) for dead_letter, entry in found]
        )
        if more:
            last, _ = found[-1]
            response.next_page_token = page.make_token(last.position, last.consumer)
        return response

    async def GetDeadLetter(
        self, request: events_pb2.GetDeadLetterRequest, context: Context
    ) -> events_pb2.DeadLetter:
        name = read_dead_letter_name(request.name)
        return dead_letter_message(*await self._dead_letters.get_dead_letter(*name))

    async def RetryDeadLetter(
        self, request: events_pb2.RetryDeadLetterRequest, context: Context
    ) -> events_pb2.DeadLetter:
        name = read_dead_letter_name(request.name)
        return dead_letter_message(*await self._dead_letters.request_retry(*name))

    async def DiscardDeadLetter(
        self, request: events_pb2.DiscardDeadLetterRequest, context: Context
    ) -> events_pb2.DeadLetter:
        name = read_dead_letter_name(request.name)
        return dead_letter_message(*await self._dead_letters.request_discard(*name))
