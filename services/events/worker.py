"""The tail of the log: knows the newest position, and wakes who waits for it."""

import asyncio

import structlog
from redis.exceptions import RedisError

from services.events import storage
from services.events.adapters import Announcer
from services.kernel.database import Database
from services.kernel.errors import UnavailableError

POLL_SECONDS = 1.0
RECONNECT_SECONDS = 0.5

log = structlog.get_logger()


class Tail:
    """Fast by what is announced, true by what the database says every second."""

    def __init__(self, database: Database, announcer: Announcer) -> None:
        self._database = database
        self._announcer = announcer
        self._grown = asyncio.Event()
        self.position = 0

    def advance(self, position: int) -> None:
        """Takes note of a position and wakes everybody."""
        if position > self.position:
            self.position = position
            self._grown.set()
            self._grown = asyncio.Event()

    async def announce(self, position: int) -> None:
        """Tells this process and the others of the room."""
        self.advance(position)
        await self._announcer.announce(position)

    async def wait_beyond(self, position: int) -> None:
        """Waits until the log is longer than `position`."""
        while self.position <= position:
            await self._grown.wait()

    async def listen(self) -> None:
        while True:
            try:
                async for position in self._announcer.positions():
                    self.advance(position)
            except (RedisError, OSError) as error:
                log.info("tail.deaf", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def poll(self) -> None:
        while True:
            try:
                async with self._database.reading() as connection:
                    self.advance((await storage.read_head(connection)).position)
            except UnavailableError:
                log.info("tail.blind")
            await asyncio.sleep(POLL_SECONDS)
