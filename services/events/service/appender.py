"""Appends by group commit: events that wait at the same time go in one transaction."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain.entries import AppendConflictError, Entry, Head, chain
from services.events.domain.months import month_of
from services.events.domain.recent import MessageT
from services.events.service.tail import Tail
from services.events.storage import log as storage
from services.events.storage.partitions import create_partition
from services.kernel.clock import Clock
from services.kernel.database.database import database_unavailable
from services.kernel.errors import LibralError, ResourceExhaustedError

GROUP_MAX = 2_000
WAITING_MAX = 20_000


@dataclass
class PendingAppend(Generic[MessageT]):
    """The events of a request, and the future that gets their positions."""

    entries: Sequence[Entry]
    messages: Sequence[MessageT]
    positions: asyncio.Future[list[int]]


class Appender(Generic[MessageT]):
    """The one writer of this process.

    `place_message(entry, message)` completes the message of an event once it has a position.
    """

    def __init__(
        self,
        clock: Clock,
        tail: Tail[MessageT],
        place_message: Callable[[Entry, MessageT], MessageT],
    ) -> None:
        self._clock = clock
        self._tail = tail
        self._place_message = place_message
        self._waiting: deque[PendingAppend[MessageT]] = deque()
        self._count = 0
        self._wake = asyncio.Event()
        self._months: set[datetime] = set()
        self._head = Head()

    async def append(self, entries: Sequence[Entry], messages: Sequence[MessageT]) -> list[int]:
        """Append events and return the position of each. A known id keeps its position.

        `messages` are those that the entries were read from.

        Raises:
            ResourceExhaustedError: Too many events wait already.
            UnavailableError: The database is unavailable. The events may be appended or not.
        """
        if self._count + len(entries) > WAITING_MAX:
            raise ResourceExhaustedError(
                "LOG_BUSY",
                "Too many events wait to be appended.",
                localized="イベントの追記が混み合っています。",
            )
        positions: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._waiting.append(PendingAppend(entries, messages, positions))
        self._count += len(entries)
        self._wake.set()
        return await positions

    async def wait(self) -> None:
        """Wait until events wait to be written."""
        await self._wake.wait()

    async def write_group(self, connection: AsyncConnection) -> None:
        """Write what waits, in one transaction, and return the positions to the callers.

        Raises whatever went wrong, after the callers have failed with it.
        """
        group = self._take()
        try:
            await self._write(connection, group)
        except BaseException as error:
            self._fail(group, error)
            raise

    def refuse_waiting(self) -> None:
        """Fail the callers that wait: the database is unavailable."""
        self._fail(self._take(), database_unavailable())

    def _take(self) -> list[PendingAppend[MessageT]]:
        """Take the requests that wait, up to `GROUP_MAX` events."""
        group: list[PendingAppend[MessageT]] = []
        count = 0
        while self._waiting and count + len(self._waiting[0].entries) <= GROUP_MAX:
            pending = self._waiting.popleft()
            count += len(pending.entries)
            group.append(pending)
        self._count -= count
        if not self._waiting:
            self._wake.clear()
        return group

    def _fail(self, group: Sequence[PendingAppend[MessageT]], error: BaseException) -> None:
        known = error if isinstance(error, LibralError) else database_unavailable()
        for pending in group:
            if not pending.positions.done():
                pending.positions.set_exception(known)

    async def _write(
        self, connection: AsyncConnection, group: Sequence[PendingAppend[MessageT]]
    ) -> None:
        given: dict[UUID, tuple[Entry, MessageT]] = {}
        for pending in group:
            for entry, message in zip(pending.entries, pending.messages, strict=True):
                given.setdefault(entry.id, (entry, message))
        entries = [entry for entry, _ in given.values()]
        known: dict[UUID, int] = {}
        placed = await self._append_next(connection, entries)
        if placed is None:
            placed, known = await self._append_locked(connection, entries)
        if placed:
            self._tail.add_appended(
                [(entry, self._place_message(entry, given[entry.id][1])) for entry in placed]
            )
        self._answer(group, known | {entry.id: entry.position for entry in placed})

    async def _append_next(
        self, connection: AsyncConnection, entries: Sequence[Entry]
    ) -> list[Entry] | None:
        """Append events in one round trip, without the lock of the head.

        Return None if one is known, if the log has grown since this process appended last, or
        if the month has no partition yet.
        """
        before = self._head
        placed, after = chain(before, entries, self._clock.now())
        if month_of(after.append_time) not in self._months:
            return None
        try:
            await storage.append(connection, placed, before, after)
        except AppendConflictError:
            return None
        self._head = after
        return placed

    async def _append_locked(
        self, connection: AsyncConnection, entries: Sequence[Entry]
    ) -> tuple[list[Entry], dict[UUID, int]]:
        """Append the events that are new. Return these, and the positions of the others."""
        async with connection.begin():
            before = await storage.lock_head(connection)
            known = await storage.find_positions(connection, [entry.id for entry in entries])
            fresh = [entry for entry in entries if entry.id not in known]
            placed, after = chain(before, fresh, self._clock.now())
            month = month_of(after.append_time)
            if placed:
                if month not in self._months:
                    await create_partition(connection, month)
                await storage.append(connection, placed, before, after)
        # Not before it is committed.
        if placed:
            self._months.add(month)
        self._head = after
        return placed, known

    def _answer(self, group: Sequence[PendingAppend[MessageT]], positions: dict[UUID, int]) -> None:
        for pending in group:
            if not pending.positions.done():
                pending.positions.set_result([positions[entry.id] for entry in pending.entries])
