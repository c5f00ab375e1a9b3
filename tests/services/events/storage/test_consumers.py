from dataclasses import replace
from datetime import timedelta

from services.events.domain.consumers import Consumer
from services.events.domain.dead_letters import DeadLetter
from services.events.storage.consumers import list_consumers, save_consumer
from services.events.storage.dead_letters import save_dead_letter
from tests.services.events.helpers import MORNING

USERS = Consumer("users", 7, ["a.b", "c.d"], MORNING)


async def test_a_consumer_is_replaced(database):
    later = replace(USERS, position=9, types=["e.f"], report_time=MORNING + timedelta(hours=1))
    async with database.transaction() as connection:
        await save_consumer(connection, USERS)
        await save_consumer(connection, later)
        assert await list_consumers(connection, "", 10) == [(later, 0)]


async def test_consumers_are_listed_by_name_with_their_dead_letters(database):
    async with database.transaction() as connection:
        for name in ("users", "payments", "telegram"):
            await save_consumer(connection, replace(USERS, name=name))
        for position in (1, 2):
            dead_letter = DeadLetter("users", position, "a.b", "", 5, MORNING, MORNING)
            await save_dead_letter(connection, dead_letter)
        listed = await list_consumers(connection, "payments", 2)
    assert [(consumer.name, count) for consumer, count in listed] == [("telegram", 0), ("users", 2)]
