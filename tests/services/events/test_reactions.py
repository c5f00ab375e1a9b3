"""Handlers of the dead-letter events that consumers publish."""

import pytest
from libral.events.v1 import events_pb2

from services.events.reactions import REACTIONS
from services.events.storage.dead_letters import find_dead_letter
from services.kernel.events.consumer import DEAD_LETTERED, DISCARDED, RECOVERED, RETRY_FAILED
from tests.services.events.helpers import MORNING, TIME


def published(**data: str) -> events_pb2.Event:
    event = events_pb2.Event(time=TIME)
    values = {"consumer": "users", "position": "7", "type": "a.b", "error": "E", "tries": "5"}
    event.data.update(values | data)
    return event


async def react(database, event_type: str, event) -> None:
    async with database.transaction() as connection:
        await REACTIONS[event_type](connection, event)


async def find_saved(database):
    async with database.reading() as connection:
        return await find_dead_letter(connection, "users", 7)


async def test_a_dead_letter_is_saved_and_saved_again(database):
    await react(database, DEAD_LETTERED, published())
    dead_letter = await find_saved(database)
    assert (dead_letter.type, dead_letter.error, dead_letter.tries, dead_letter.create_time) == (
        "a.b",
        "E",
        5,
        MORNING,
    )
    await react(database, RETRY_FAILED, published(error="F", tries="6"))
    dead_letter = await find_saved(database)
    assert (dead_letter.error, dead_letter.tries, dead_letter.state.name) == ("F", 6, "PENDING")


@pytest.mark.parametrize("event_type", [RECOVERED, DISCARDED])
async def test_a_dead_letter_is_removed(database, event_type):
    await react(database, DEAD_LETTERED, published())
    await react(database, event_type, published(consumer="telegram"))
    assert await find_saved(database) is not None
    await react(database, event_type, published())
    assert await find_saved(database) is None
