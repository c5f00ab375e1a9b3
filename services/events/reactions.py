"""Event handlers that record and remove the dead letters of consumers."""

from datetime import UTC

from libral.events.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain.dead_letters import DeadLetter
from services.events.storage.dead_letters import delete_dead_letter, save_dead_letter
from services.kernel.events.consumer import (
    DEAD_LETTERED,
    DISCARDED,
    RECOVERED,
    RETRY_FAILED,
    Reactions,
)


async def save_from_event(connection: AsyncConnection, event: events_pb2.Event) -> None:
    data, time = event.data, event.time.ToDatetime(tzinfo=UTC)
    dead_letter = DeadLetter(
        consumer=str(data["consumer"]),
        position=int(str(data["position"])),
        type=str(data["type"]),
        error=str(data["error"]),
        tries=int(str(data["tries"])),
        create_time=time,
        update_time=time,
    )
    await save_dead_letter(connection, dead_letter)


async def delete_from_event(connection: AsyncConnection, event: events_pb2.Event) -> None:
    data = event.data
    await delete_dead_letter(connection, str(data["consumer"]), int(str(data["position"])))


REACTIONS: Reactions = {
    DEAD_LETTERED: save_from_event,
    RETRY_FAILED: save_from_event,
    RECOVERED: delete_from_event,
    DISCARDED: delete_from_event,
}
