from dataclasses import replace
from datetime import timedelta

from services.events.domain.dead_letters import DeadLetter, DeadLetterState
from services.events.storage.dead_letters import (
    delete_dead_letter,
    find_dead_letter,
    list_dead_letters,
    save_dead_letter,
    update_dead_letter_state,
)
from tests.services.events.helpers import MORNING

DEAD_LETTER = DeadLetter("users", 7, "a.b", "E", 5, MORNING, MORNING)
LATER = MORNING + timedelta(hours=1)


async def test_a_dead_letter_saved_again_is_pending_again(database):
    async with database.transaction() as connection:
        await save_dead_letter(connection, DEAD_LETTER)
        assert await find_dead_letter(connection, "users", 7, lock=True) == DEAD_LETTER
        await update_dead_letter_state(connection, DEAD_LETTER, DeadLetterState.RETRYING, LATER)
        changed = replace(DEAD_LETTER, state=DeadLetterState.RETRYING, update_time=LATER)
        assert await find_dead_letter(connection, "users", 7) == changed
        again = replace(DEAD_LETTER, error="F", tries=6, create_time=LATER, update_time=LATER)
        await save_dead_letter(connection, again)
        assert await find_dead_letter(connection, "users", 7) == replace(again, create_time=MORNING)


async def test_dead_letters_are_listed_newest_first(database):
    async with database.transaction() as connection:
        for consumer, position in (("users", 1), ("a", 3), ("users", 3), ("a", 2)):
            await save_dead_letter(
                connection, replace(DEAD_LETTER, consumer=consumer, position=position)
            )

        async def listed(consumer: str = "", before=None, limit: int = 10) -> list:
            found = await list_dead_letters(connection, consumer, before, limit)
            return [(dead_letter.position, dead_letter.consumer) for dead_letter in found]

        assert await listed() == [(3, "users"), (3, "a"), (2, "a"), (1, "users")]
        assert await listed(before=(3, "users"), limit=2) == [(3, "a"), (2, "a")]
        assert await listed("users") == [(3, "users"), (1, "users")]


async def test_a_dead_letter_is_deleted(database):
    async with database.transaction() as connection:
        await save_dead_letter(connection, DEAD_LETTER)
        await delete_dead_letter(connection, "users", 8)
        assert await find_dead_letter(connection, "users", 7) == DEAD_LETTER
        await delete_dead_letter(connection, "users", 7)
        assert await find_dead_letter(connection, "users", 7) is None
