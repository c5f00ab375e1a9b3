"""Tells the head of the log outside of its database, every minute that it has grown."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from services.events.adapters.channels import Channel, ChannelError
from services.events.domain import Checkpoint, Head, Mark
from services.events.storage import checkpoints, log
from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.kernel.errors import UnavailableError

INTERVAL_SECONDS = 60.0
EARLY = timedelta(seconds=5)
ERROR_LENGTH_MAX = 300
SELF = "services/events"

logger = structlog.get_logger()


class Checkpointer:
    """One process of the room at a time does it."""

    def __init__(self, database: Database, clock: Clock, channels: Sequence[Channel]) -> None:
        self._database = database
        self._clock = clock
        self._channels = channels

    @property
    def channels(self) -> frozenset[str]:
        """The names of the channels that are set up."""
        return frozenset(channel.name for channel in self._channels)

    async def run(self) -> None:
        while True:
            try:
                await self.tell()
            except UnavailableError:
                logger.info("checkpointer.blind")
            await asyncio.sleep(INTERVAL_SECONDS)

    async def tell(self) -> None:
        """Tells each channel what it does not know yet."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            if not await checkpoints.try_lock(connection):
                return
            known = await checkpoints.find(connection)
            newest, told_at, marks = known or (Head(), None, {})
            if told_at and told_at < now < told_at + timedelta(seconds=INTERVAL_SECONDS) - EARLY:
                return
            checkpoint = Checkpoint(
                await log.read_head(connection), await log.read_floor(connection), now
            )
            grown = checkpoint.head.position > newest.position
            news = grown and await checkpoints.has_news(connection, newest.position, SELF)
            fresh = dict(marks)
            for channel in self._channels:
                mark = marks.get(channel.name, Mark())
                if (news if channel.echoes else grown) or mark.error:
                    fresh[channel.name] = await self._tell(channel, checkpoint, mark)
            if fresh != marks or grown:
                await checkpoints.save(connection, checkpoint, fresh)

    async def _tell(self, channel: Channel, checkpoint: Checkpoint, mark: Mark) -> Mark:
        try:
            await channel.tell(checkpoint)
        except ChannelError as error:
            logger.warning("checkpoint.lost", channel=channel.name, error=str(error))
            return Mark(mark.position, mark.time, str(error)[:ERROR_LENGTH_MAX])
        return Mark(checkpoint.head.position, checkpoint.time)
