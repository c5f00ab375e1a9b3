"""Publication of checkpoints outside the database."""

from collections.abc import Sequence
from datetime import timedelta

import structlog

from services.events.domain.checkpoints import (
    ChannelError,
    Checkpoint,
    CheckpointChannel,
    Publication,
    PublishedHead,
)
from services.events.domain.entries import Head
from services.events.storage import checkpoints, log
from services.kernel.clock import Clock
from services.kernel.database.database import Database

INTERVAL_SECONDS = 60.0
EARLY = timedelta(seconds=5)
ERROR_LENGTH_MAX = 300
SELF = "services/events"

logger = structlog.get_logger()


class CheckpointPublisher:
    """Publishes the head of the log on channels, in one process at a time."""

    def __init__(
        self, database: Database, clock: Clock, channels: Sequence[CheckpointChannel]
    ) -> None:
        self._database = database
        self._clock = clock
        self._channels = channels

    @property
    def channels(self) -> frozenset[str]:
        """The names of the configured channels."""
        return frozenset(channel.name for channel in self._channels)

    async def find_last_published(self) -> PublishedHead | None:
        """Return the head that was published last."""
        async with self._database.reading() as connection:
            return await checkpoints.find_last_published(connection)

    async def publish_if_due(self) -> None:
        """Publish a checkpoint on each channel that lacks it, at most once per interval.

        A channel whose `causes_events` is set is skipped while all new events come from this
        service; otherwise each checkpoint would cause the next one.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            if not await checkpoints.try_lock_checkpoints(connection):
                return
            last = await checkpoints.find_last_published(connection)
            if last and last.time < now < last.time + timedelta(seconds=INTERVAL_SECONDS) - EARLY:
                return
            newest = last.head if last else Head()
            before = dict(last.publications) if last else {}
            checkpoint = Checkpoint(
                await log.read_head(connection), await log.read_floor(connection), now
            )
            grown = checkpoint.head.position > newest.position
            news = grown and await checkpoints.has_events_by_others(
                connection, newest.position, SELF
            )
            after = dict(before)
            for channel in self._channels:
                publication = before.get(channel.name, Publication())
                if (news if channel.causes_events else grown) or publication.error:
                    after[channel.name] = await publish_on_channel(channel, checkpoint, publication)
            if after != before or grown:
                published = PublishedHead(checkpoint.head, checkpoint.time, after)
                await checkpoints.save_published(connection, published)


async def publish_on_channel(
    channel: CheckpointChannel, checkpoint: Checkpoint, last: Publication
) -> Publication:
    """Publish a checkpoint on a channel. On failure return `last` with the error."""
    try:
        await channel.publish(checkpoint)
    except ChannelError as error:
        logger.warning("checkpoint.publish_failed", channel=channel.name, error=str(error))
        return Publication(last.position, last.time, str(error)[:ERROR_LENGTH_MAX])
    return Publication(checkpoint.head.position, checkpoint.time)
