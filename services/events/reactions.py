"""Event type → handler: keeps the dead letters of consumers up to date."""

from datetime import UTC

from libral.events.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain.dead_letters import DeadLetter
from services.events.storage.dead_letters import remove_dead_letter, save_dead_letter
from services.kernel.events.consumer import (
    DEAD_LETTERED,
    DISCARDED,
    RECOVERED,
    RETRY_FAILED,
    Reactions,
)


async def save(connection: AsyncConnection, event: events_pb2.Event) -> None:
    data, time = event.data, event.time.ToDatetime(tzinfo=UTC)
    letter = DeadLetter(
        consumer=str(data["consumer"]),
        position=int(str(data["position"])),
        type=str(data["type"]),
        error=str(data["error"]),
        tries=int(str(data["tries"])),
        create_time=time,
        update_time=time,
    )
    await save_dead_letter(connection, letter)


async def remove(connection: AsyncConnection, event: events_pb2.Event) -> None:
    data = event.data
    await remove_dead_letter(connection, str(data["consumer"]), int(str(data["position"])))


REACTIONS: Reactions = {
    DEAD_LETTERED: save,
    RETRY_FAILED: save,
    RECOVERED: remove,
    DISCARDED: remove,
}
