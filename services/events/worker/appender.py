"""Appends to the log: whatever waits goes in one transaction."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from asyncpg import PostgresError, UniqueViolationError
from libral.events.v1 import events_pb2
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events import domain, messages
from services.events.domain import Entry, Head
from services.events.storage import log as storage
from services.events.worker.tail import Tail
from services.kernel.clock import Clock
from services.kernel.database.database import Database, unavailable
from services.kernel.errors import LibralError, ResourceExhaustedError, UnavailableError

GROUP_MAX = 2_000
WAITING_MAX = 20_000
RETRY_SECONDS = 0.2
# A process that is stopped in the middle must not keep the head from the others.
PATIENCE = ("SET idle_in_transaction_session_timeout = '3s'", "SET lock_timeout = '4s'")

log = structlog.get_logger()


@dataclass
class Waiting:
    """The events of a request, and who waits for their positions."""

    entries: Sequence[Entry]
    events: Sequence[events_pb2.Event]
    positions: asyncio.Future[list[int]]


class Appender:
    """The one writer of this process."""

    def __init__(self, database: Database, clock: Clock, tail: Tail) -> None:
        self._database = database
        self._clock = clock
        self._tail = tail
        self._waiting: deque[Waiting] = deque()
        self._count = 0
        self._wake = asyncio.Event()
        self._months: set[datetime] = set()
        self._head = Head()

    async def append(
        self, entries: Sequence[Entry], events: Sequence[events_pb2.Event]
    ) -> list[int]:
        """Appends events, each once whatever its id was appended before.

        `events` are the messages that the entries were read from. Tells the
        position of each.

        Raises:
            ResourceExhaustedError: Too many wait already.
            UnavailableError: The database is away. They may be appended or not.
        """
        if self._count + len(entries) > WAITING_MAX:
            raise ResourceExhaustedError(
                "LOG_BUSY", "Too many events wait to be appended.", localized="混み合っています。"
            )
        positions: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._waiting.append(Waiting(entries, events, positions))
        self._count += len(entries)
        self._wake.set()
        return await positions

    async def run(self) -> None:
        """Appends for as long as the room runs, on a connection of its own."""
        while True:
            await self._wake.wait()
            try:
                await self._serve()
            except (UnavailableError, DBAPIError, PostgresError) as error:
                log.warning("appender.retry", error=type(error).__name__)
                self._fail(self._take(), unavailable())
                await asyncio.sleep(RETRY_SECONDS)

    async def _serve(self) -> None:
        async with self._database.session() as connection:
            for setting in PATIENCE:
                await connection.execute(text(setting))
            await connection.commit()
            while True:
                await self._wake.wait()
                group = self._take()
                try:
                    await self._write(connection, group)
                except BaseException as error:
                    self._fail(group, error)
                    raise

    def _take(self) -> list[Waiting]:
        """Takes what waits, up to so many events."""
        group: list[Waiting] = []
        count = 0
        while self._waiting and count + len(self._waiting[0].entries) <= GROUP_MAX:
            waiting = self._waiting.popleft()
            count += len(waiting.entries)
            group.append(waiting)
        self._count -= count
        if not self._waiting:
            self._wake.clear()
        return group

    def _fail(self, group: Sequence[Waiting], error: BaseException) -> None:
        known = error if isinstance(error, LibralError) else unavailable()
        for waiting in group:
            if not waiting.positions.done():
                waiting.positions.set_exception(known)

    async def _write(self, connection: AsyncConnection, group: Sequence[Waiting]) -> None:
        given: dict[UUID, tuple[Entry, events_pb2.Event]] = {}
        for waiting in group:
            for entry, event in zip(waiting.entries, waiting.events, strict=True):
                given.setdefault(entry.id, (entry, event))
        entries = [entry for entry, _ in given.values()]
        known: dict[UUID, int] = {}
        placed = await self._append_next(connection, entries)
        if placed is None:
            placed, known = await self._append_locked(connection, entries)
        if placed:
            self._tail.appended(
                [(entry, messages.placed_message(entry, given[entry.id][1])) for entry in placed]
            )
        self._answer(group, known | {entry.id: entry.position for entry in placed})

    async def _append_next(
        self, connection: AsyncConnection, entries: Sequence[Entry]
    ) -> list[Entry] | None:
        """Appends events in one journey, if all are new and the log ends where this left it."""
        before = self._head
        placed, after = domain.chain(before, entries, self._clock.now())
        if storage.month_of(after.append_time) not in self._months:
            return None
        try:
            await storage.append(connection, placed, before, after)
        except (storage.MovedError, UniqueViolationError):
            return None
        self._head = after
        return placed

    async def _append_locked(
        self, connection: AsyncConnection, entries: Sequence[Entry]
    ) -> tuple[list[Entry], dict[UUID, int]]:
        """Appends what is new of some events. Tells it, and where the others are."""
        async with connection.begin():
            before = await storage.lock_head(connection)
            known = await storage.find_positions(connection, [entry.id for entry in entries])
            fresh = [entry for entry in entries if entry.id not in known]
            placed, after = domain.chain(before, fresh, self._clock.now())
            month = storage.month_of(after.append_time)
            if placed:
                if month not in self._months:
                    await storage.make_period(connection, month)
                await storage.append(connection, placed, before, after)
        # Not before it is committed.
        if placed:
            self._months.add(month)
        self._head = after
        return placed, known

    def _answer(self, group: Sequence[Waiting], positions: dict[UUID, int]) -> None:
        for waiting in group:
            if not waiting.positions.done():
                waiting.positions.set_result([positions[entry.id] for entry in waiting.entries])
