"""ReactionService: contract ↔ domain."""

from typing import Any

import grpc
from libral.events.v1 import events_pb2, events_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events import messages
from services.events.domain import Consumer, Letter, LetterState, letter_name, parse_letter_name
from services.events.storage import log
from services.events.storage import reactions as storage
from services.events.storage.search import count_after
from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.kernel.errors import FailedPreconditionError, NotFoundError, invalid
from services.kernel.events.event import Category, NewEvent
from services.kernel.events.outbox import Outbox
from services.kernel.events.subscriptions import DISCARD_REQUESTED, RETRY_REQUESTED
from services.kernel.messages import decode_token, encode_token, page_size

CONSUMERS = "consumers/"
NAME_LENGTH_MAX = 64
TYPES_MAX = 200
LAG_MAX = 1_000

Context = grpc.aio.ServicerContext[Any, Any]


class ReactionServicer(events_pb2_grpc.ReactionServiceServicer):
    """Serves what is known of the consumers and their dead letters."""

    def __init__(self, database: Database, clock: Clock, outbox: Outbox) -> None:
        self._database = database
        self._clock = clock
        self._outbox = outbox

    async def ListConsumers(
        self, request: events_pb2.ListConsumersRequest, context: Context
    ) -> events_pb2.ListConsumersResponse:
        size = page_size(request)
        cursor = decode_token(request, 1)
        after = "" if cursor is None else str(cursor[0])
        response = events_pb2.ListConsumersResponse()
        async with self._database.reading() as connection:
            consumers = await storage.list_consumers(connection, after, size + 1)
            for consumer, letters in consumers[:size]:
                lag = await count_after(connection, consumer.types, consumer.position, LAG_MAX)
                response.consumers.append(messages.consumer_message(consumer, lag, letters))
        if len(consumers) > size:
            response.next_page_token = encode_token(request, [consumers[size - 1][0].name])
        return response

    async def ReportConsumer(
        self, request: events_pb2.ReportConsumerRequest, context: Context
    ) -> events_pb2.ReportConsumerResponse:
        told = request.consumer
        name = told.name.removeprefix(CONSUMERS)
        if not told.name.startswith(CONSUMERS) or not 0 < len(name) <= NAME_LENGTH_MAX:
            raise invalid("consumer.name", "It must be consumers/{room}.")
        if told.position < 0:
            raise invalid("consumer.position", "It must not be negative.")
        if not 1 <= len(told.types) <= TYPES_MAX:
            raise invalid("consumer.types", f"There must be 1 to {TYPES_MAX}.")
        consumer = Consumer(name, told.position, told.types, self._clock.now())
        async with self._database.transaction() as connection:
            await storage.save_consumer(connection, consumer)
            # Read before it is asked what waits: what comes meanwhile is beyond it.
            head = await log.read_head(connection)
            waits = await count_after(connection, consumer.types, told.position, 1)
        return events_pb2.ReportConsumerResponse(clear_position=0 if waits else head.position)

    async def ListDeadLetters(
        self, request: events_pb2.ListDeadLettersRequest, context: Context
    ) -> events_pb2.ListDeadLettersResponse:
        size = page_size(request)
        cursor = decode_token(request, 2)
        before = None if cursor is None else (int(cursor[0]), str(cursor[1]))
        async with self._database.reading() as connection:
            letters = await storage.list_letters(connection, request.consumer, before, size + 1)
            positions = [letter.position for letter in letters[:size]]
            entries = await log.find_at(connection, positions)
        response = events_pb2.ListDeadLettersResponse(
            dead_letters=[
                messages.letter_message(letter, entries.get(letter.position))
                for letter in letters[:size]
            ]
        )
        if len(letters) > size:
            last = letters[size - 1]
            response.next_page_token = encode_token(request, [last.position, last.consumer])
        return response

    async def GetDeadLetter(
        self, request: events_pb2.GetDeadLetterRequest, context: Context
    ) -> events_pb2.DeadLetter:
        async with self._database.reading() as connection:
            letter = await find_letter(connection, request.name)
            return await with_event(connection, letter)

    async def RetryDeadLetter(
        self, request: events_pb2.RetryDeadLetterRequest, context: Context
    ) -> events_pb2.DeadLetter:
        return await self._ask(request.name, LetterState.RETRYING, RETRY_REQUESTED)

    async def DiscardDeadLetter(
        self, request: events_pb2.DiscardDeadLetterRequest, context: Context
    ) -> events_pb2.DeadLetter:
        return await self._ask(request.name, LetterState.DISCARDING, DISCARD_REQUESTED)

    async def _ask(self, name: str, state: LetterState, event_type: str) -> events_pb2.DeadLetter:
        """Asks the consumer, through the log, so that it answers once, whenever it is up."""
        async with self._database.transaction() as connection:
            letter = await find_letter(connection, name, lock=True)
            if letter.state != LetterState.PENDING:
                raise FailedPreconditionError(
                    "DEAD_LETTER_NOT_PENDING",
                    f"{name} is {letter.state.name} already.",
                    localized="すでに処理を受け付けています。",
                    metadata={"state": letter.state.name},
                )
            await storage.change_letter(connection, letter, state, self._clock.now())
            event = NewEvent(
                event_type,
                Category.SYSTEM,
                subject=name,
                data={
                    "consumer": letter.consumer,
                    "position": str(letter.position),
                    "type": letter.type,
                },
            )
            await self._outbox.publish(connection, event)
        async with self._database.reading() as connection:
            return await with_event(connection, await find_letter(connection, name))


async def find_letter(connection: AsyncConnection, name: str, *, lock: bool = False) -> Letter:
    try:
        consumer, position = parse_letter_name(name)
    except ValueError:
        raise invalid("name", "It must be deadLetters/{consumer}-{position}.") from None
    letter = await storage.find_letter(connection, consumer, position, lock=lock)
    if letter is None:
        raise NotFoundError("dead letter", letter_name(consumer, position))
    return letter


async def with_event(connection: AsyncConnection, letter: Letter) -> events_pb2.DeadLetter:
    entries = await log.find_at(connection, [letter.position])
    return messages.letter_message(letter, entries.get(letter.position))
