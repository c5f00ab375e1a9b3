"""The tail of the log: knows the newest position, and wakes who waits for it."""

import asyncio
from collections.abc import Sequence

import structlog
from libral.events.v1 import events_pb2
from redis.exceptions import RedisError

from services.events import messages
from services.events.adapters.announcer import Announcer
from services.events.domain import Entry
from services.events.storage import log as storage
from services.events.worker.recent import EVENTS_MAX, Recent
from services.kernel.database.database import Database
from services.kernel.errors import UnavailableError

POLL_SECONDS = 1.0
ANNOUNCE_SECONDS = 0.005
RECONNECT_SECONDS = 0.5
READ_MAX = 500

log = structlog.get_logger()


class Tail:
    """Fast by what is announced, true by what the database says every second.

    Only what is in `recent` or was read from the database is ever streamed; an
    announced position says no more than that there is something to read.
    """

    def __init__(self, database: Database, announcer: Announcer) -> None:
        self._database = database
        self._announcer = announcer
        self._grown = asyncio.Event()
        self._behind = asyncio.Event()
        self._announced = 0
        self.position = 0
        self.recent = Recent()

    def appended(self, events: Sequence[tuple[Entry, events_pb2.Event]]) -> None:
        """Takes what this process has appended. What does not follow on is read instead."""
        if self.recent.offer(events):
            self._grow(events[-1][0].position)
        else:
            self._behind.set()

    def heard(self, position: int) -> None:
        """Takes note of a position that another process has reached."""
        if position > self.position:
            self._behind.set()

    def _grow(self, position: int) -> None:
        if position > self.position:
            self.position = position
            self._grown.set()
            self._grown = asyncio.Event()

    async def wait_beyond(self, position: int) -> None:
        """Waits until the log is longer than `position`."""
        while self.position <= position:
            await self._grown.wait()

    async def announce(self) -> None:
        """Tells the other processes of the room, at most 200 times a second."""
        while True:
            position = self.position
            await self.wait_beyond(self._announced)
            self._announced = max(self.position, position)
            await self._announcer.announce(self._announced)
            await asyncio.sleep(ANNOUNCE_SECONDS)

    async def listen(self) -> None:
        while True:
            try:
                async for position in self._announcer.positions():
                    self.heard(position)
            except (RedisError, OSError) as error:
                log.info("tail.deaf", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def follow(self) -> None:
        """Reads what other processes have appended: when told, and once a second."""
        while True:
            self._behind.clear()
            try:
                await self._catch_up()
            except UnavailableError:
                log.info("tail.blind")
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._behind.wait()
            except TimeoutError:
                pass

    async def _catch_up(self) -> None:
        async with self._database.reading() as connection:
            head = await storage.read_head(connection)
            if head.position - self.recent.position > EVENTS_MAX:
                self.recent = Recent()
            while self.recent.position < head.position:
                after = self.recent.position or max(head.position - EVENTS_MAX, 0)
                entries = await storage.list_between(connection, after, head.position, READ_MAX)
                if not self._take(entries):
                    break
        self._grow(head.position)

    def _take(self, entries: Sequence[Entry]) -> bool:
        """Adds what was read, but for what was appended here meanwhile."""
        fresh = [entry for entry in entries if entry.position > self.recent.position]
        if not fresh and entries:
            return True
        return bool(entries) and self.recent.offer(
            [(entry, messages.event_message(entry)) for entry in fresh]
        )
