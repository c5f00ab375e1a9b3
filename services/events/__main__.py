"""Run the events service."""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC reads it when it is imported.

from services.events.adapters.channels import LogChannel, TelegramChannel
from services.events.adapters.checkpoint_files import FileChannel
from services.events.adapters.position_pubsub import PositionPubSub
from services.events.config import EventsSettings
from services.events.domain.checkpoints import CheckpointChannel
from services.events.reactions import REACTIONS
from services.events.service import checkpoints
from services.events.service.appender import LogAppender
from services.events.service.checkpoints import CheckpointPublisher
from services.events.service.consumers import ConsumerRegistry
from services.events.service.dead_letters import DeadLetterQueue
from services.events.service.event_reader import EventReader
from services.events.service.indexing import Indexer
from services.events.service.partitions import PartitionKeeper
from services.events.service.streams import EventStreams
from services.events.service.tail import LogTail
from services.events.service.verification import LogVerifier
from services.events.servicer.consumers import ReactionServicer
from services.events.servicer.event_messages import complete_message, event_message
from services.events.servicer.events import EventServicer
from services.events.workers.appender import AppendWorker
from services.events.workers.indexer import IndexWorker
from services.events.workers.periodic import PeriodicWorker
from services.events.workers.tail import TailWorker
from services.kernel.server import Kernel, ServiceDefinition, run

RETENTION_SECONDS = 3600.0


async def build(kernel: Kernel) -> ServiceDefinition:
    settings = EventsSettings.read(kernel.environment)
    database, clock = kernel.database, kernel.clock
    tail = LogTail(database, event_message)
    appender = LogAppender(clock, tail, complete_message)
    publisher = CheckpointPublisher(database, clock, make_channels(kernel, settings))
    partitions = PartitionKeeper(database, clock, settings.retention_months)
    events = EventServicer(
        EventReader(database, clock),
        EventStreams(database, tail, event_message),
        appender,
        LogVerifier(database),
        publisher,
    )
    reactions = ReactionServicer(
        ConsumerRegistry(database, clock), DeadLetterQueue(database, clock, kernel.outbox)
    )
    tail_worker = TailWorker(tail, PositionPubSub(settings.redis_url))
    return ServiceDefinition(
        services=[events, reactions],
        reactions=REACTIONS,
        tasks=(
            AppendWorker(database, appender).run,
            tail_worker.follow,
            tail_worker.subscribe,
            tail_worker.publish,
            IndexWorker(Indexer(database, tail), tail).run,
            PeriodicWorker("retention", partitions.update_partitions, RETENTION_SECONDS).run,
            PeriodicWorker(
                "checkpoints", publisher.publish_if_due, checkpoints.INTERVAL_SECONDS
            ).run,
        ),
    )


def make_channels(kernel: Kernel, settings: EventsSettings) -> list[CheckpointChannel]:
    channels: list[CheckpointChannel] = [LogChannel()]
    if settings.checkpoints:
        channels.append(FileChannel(settings.checkpoints))
    if settings.telegram_target and settings.checkpoint_chat:
        telegram = kernel.channels.get_channel(settings.telegram_target)
        channels.append(TelegramChannel(telegram, settings.checkpoint_chat))
    return channels


if __name__ == "__main__":
    run("events", build)
