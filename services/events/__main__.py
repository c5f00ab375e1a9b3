"""Runs the events room."""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC reads it when it is imported.


from services.events.adapters.announcer import Announcer
from services.events.adapters.channels import Channel, FileChannel, LogChannel, TelegramChannel
from services.events.config import EventsSettings
from services.events.reactions import REACTIONS
from services.events.servicer import EventServicer, ReactionServicer
from services.events.worker.appender import Appender
from services.events.worker.checkpointer import Checkpointer
from services.events.worker.indexer import Indexer
from services.events.worker.months import Months
from services.events.worker.tail import Tail
from services.kernel.server import Kernel, Room, run


async def build(kernel: Kernel) -> Room:
    settings = EventsSettings.read(kernel.environment)
    database, clock = kernel.database, kernel.clock
    tail = Tail(database, Announcer(settings.redis_url))
    appender = Appender(database, clock, tail)
    checkpointer = Checkpointer(database, clock, make_channels(kernel, settings))
    events = EventServicer(database, clock, tail, appender, checkpointer)
    reactions = ReactionServicer(database, clock, kernel.outbox)
    return Room(
        services=[events, reactions],
        reactions=REACTIONS,
        tasks=(
            appender.run,
            tail.follow,
            tail.listen,
            tail.announce,
            Indexer(database, tail).run,
            Months(database, clock, settings.retention_months).run,
            checkpointer.run,
        ),
    )


def make_channels(kernel: Kernel, settings: EventsSettings) -> list[Channel]:
    channels: list[Channel] = [LogChannel()]
    if settings.checkpoints:
        channels.append(FileChannel(settings.checkpoints))
    if settings.telegram_target and settings.checkpoint_chat:
        telegram = kernel.peers.channel(settings.telegram_target)
        channels.append(TelegramChannel(telegram, settings.checkpoint_chat))
    return channels


if __name__ == "__main__":
    run("events", build)
