"""Group commit: pending append requests are written in one transaction."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain.entries import AppendConflictError, Head, LogEntry, chain_entries
from services.events.domain.partitions import month_start
from services.events.domain.recent import MessageT
from services.events.service.tail import LogTail
from services.events.storage import log as storage
from services.events.storage.partitions import create_partition
from services.kernel.clock import Clock
from services.kernel.database.database import database_unavailable
from services.kernel.errors import LibralError, ResourceExhaustedError

GROUP_MAX = 2_000
WAITING_MAX = 20_000


@dataclass
class PendingAppend(Generic[MessageT]):
    """The events of an append request. `positions` resolves when they are written."""

    entries: Sequence[LogEntry]
    messages: Sequence[MessageT]
    positions: asyncio.Future[list[int]]


class LogAppender(Generic[MessageT]):
    """Queues append requests of this process and writes them in groups.

    `complete_message(entry, message)` adds the position and the other fields that the log
    assigns to the message of a request.
    """

    def __init__(
        self,
        clock: Clock,
        tail: LogTail[MessageT],
        complete_message: Callable[[LogEntry, MessageT], MessageT],
    ) -> None:
        self._clock = clock
        self._tail = tail
        self._place_message = complete_message
        self._waiting: deque[PendingAppend[MessageT]] = deque()
        self._count = 0
        self._wake = asyncio.Event()
        self._months: set[datetime] = set()
        self._head = Head()

    async def append(self, entries: Sequence[LogEntry], messages: Sequence[MessageT]) -> list[int]:
        """Append events and return the position of each. A known id keeps its position.

        `messages` are the request messages of `entries`, in the same order.

        Raises:
            ResourceExhaustedError: 20,000 events are pending.
            UnavailableError: The database is unavailable. The events may or may not be appended.
        """
        if self._count + len(entries) > WAITING_MAX:
            raise ResourceExhaustedError(
                "LOG_BUSY",
                "Too many events are waiting to be appended.",
                localized="イベントの追記が混み合っています。",
            )
        positions: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._waiting.append(PendingAppend(entries, messages, positions))
        self._count += len(entries)
        self._wake.set()
        return await positions

    async def wait_for_events(self) -> None:
        """Wait until events are pending."""
        await self._wake.wait()

    async def write_group(self, connection: AsyncConnection) -> None:
        """Write the pending events in one transaction and resolve the requests.

        On an error, fail the requests and raise it.
        """
        group = self._take()
        try:
            await self._write(connection, group)
        except BaseException as error:
            self._fail(group, error)
            raise

    def fail_pending(self) -> None:
        """Fail all pending requests with UnavailableError."""
        self._fail(self._take(), database_unavailable())

    def _take(self) -> list[PendingAppend[MessageT]]:
        """Remove and return pending requests, up to `GROUP_MAX` events."""
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
        given: dict[UUID, tuple[LogEntry, MessageT]] = {}
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
        self._resolve(group, known | {entry.id: entry.position for entry in placed})

    async def _append_next(
        self, connection: AsyncConnection, entries: Sequence[LogEntry]
    ) -> list[LogEntry] | None:
        """Append events in one round trip, without locking the head.

        Return None if the log has one of the ids, if another process appended since this one
        did, or if this process has not yet created the partition of the month.
        """
        before = self._head
        placed, after = chain_entries(before, entries, self._clock.now())
        if month_start(after.append_time) not in self._months:
            return None
        try:
            await storage.append_entries(connection, placed, before, after)
        except AppendConflictError:
            return None
        self._head = after
        return placed

    async def _append_locked(
        self, connection: AsyncConnection, entries: Sequence[LogEntry]
    ) -> tuple[list[LogEntry], dict[UUID, int]]:
        """Append the new events. Return them and the positions of the known ones by id."""
        async with connection.begin():
            before = await storage.lock_head(connection)
            known = await storage.find_positions(connection, [entry.id for entry in entries])
            fresh = [entry for entry in entries if entry.id not in known]
            placed, after = chain_entries(before, fresh, self._clock.now())
            month = month_start(after.append_time)
            if placed:
                if month not in self._months:
                    await create_partition(connection, month)
                await storage.append_entries(connection, placed, before, after)
        # Only after the commit: a partition of a failed transaction does not exist.
        if placed:
            self._months.add(month)
        self._head = after
        return placed, known

    def _resolve(
        self, group: Sequence[PendingAppend[MessageT]], positions: dict[UUID, int]
    ) -> None:
        for pending in group:
            if not pending.positions.done():
                pending.positions.set_result([positions[entry.id] for entry in pending.entries])
