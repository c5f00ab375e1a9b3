"""The handlers of what consumers publish about their dead letters."""

import pytest
from libral.events.v1 import events_pb2

from services.events.reactions import REACTIONS
from services.events.storage.dead_letters import find_dead_letter
from services.kernel.events.subscriptions import BURIED, DISCARDED, RECOVERED, RETRY_FAILED
from tests.services.events.helpers import MORNING, TIME


def published(**data: str) -> events_pb2.Event:
    event = events_pb2.Event(time=TIME)
    values = {"consumer": "users", "position": "7", "type": "a.b", "error": "E", "tries": "5"}
    event.data.update(values | data)
    return event


async def react(room, event_type: str, event) -> None:
    async with room.kernel.database.transaction() as connection:
        await REACTIONS[event_type](connection, event)


async def find(room):
    async with room.kernel.database.reading() as connection:
        return await find_dead_letter(connection, "users", 7)


async def test_a_dead_letter_is_saved_and_saved_again(room):
    await react(room, BURIED, published())
    letter = await find(room)
    assert (letter.type, letter.error, letter.tries, letter.create_time) == ("a.b", "E", 5, MORNING)
    await react(room, RETRY_FAILED, published(error="F", tries="6"))
    letter = await find(room)
    assert (letter.error, letter.tries, letter.state.name) == ("F", 6, "PENDING")


@pytest.mark.parametrize("event_type", [RECOVERED, DISCARDED])
async def test_a_dead_letter_is_removed(room, event_type):
    await react(room, BURIED, published())
    await react(room, event_type, published(consumer="telegram"))
    assert await find(room) is not None
    await react(room, event_type, published())
    assert await find(room) is None
