"""Event type → handler: keeps the list of what the consumers gave up on."""

from datetime import UTC

from libral.events.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain import Letter
from services.events.storage import reactions as storage
from services.kernel.events.subscriptions import (
    BURIED,
    DISCARDED,
    RECOVERED,
    RETRY_FAILED,
    Reactions,
)


async def keep(connection: AsyncConnection, event: events_pb2.Event) -> None:
    data, time = event.data, event.time.ToDatetime(tzinfo=UTC)
    letter = Letter(
        consumer=str(data["consumer"]),
        position=int(str(data["position"])),
        type=str(data["type"]),
        error=str(data["error"]),
        tries=int(str(data["tries"])),
        create_time=time,
        update_time=time,
    )
    await storage.save_letter(connection, letter)


async def remove(connection: AsyncConnection, event: events_pb2.Event) -> None:
    data = event.data
    await storage.remove_letter(connection, str(data["consumer"]), int(str(data["position"])))


REACTIONS: Reactions = {
    BURIED: keep,
    RETRY_FAILED: keep,
    RECOVERED: remove,
    DISCARDED: remove,
}
