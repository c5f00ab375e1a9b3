from dataclasses import replace
from datetime import timedelta

from services.events.domain.dead_letters import DeadLetter, DeadLetterState
from services.events.storage.dead_letters import (
    change_state,
    find_dead_letter,
    list_dead_letters,
    remove_dead_letter,
    save_dead_letter,
)
from tests.services.events.helpers import MORNING

LETTER = DeadLetter("users", 7, "a.b", "E", 5, MORNING, MORNING)
LATER = MORNING + timedelta(hours=1)


async def test_a_letter_that_is_saved_again_is_pending_again(database):
    async with database.transaction() as connection:
        await save_dead_letter(connection, LETTER)
        assert await find_dead_letter(connection, "users", 7, lock=True) == LETTER
        await change_state(connection, LETTER, DeadLetterState.RETRYING, LATER)
        changed = replace(LETTER, state=DeadLetterState.RETRYING, update_time=LATER)
        assert await find_dead_letter(connection, "users", 7) == changed
        again = replace(LETTER, error="F", tries=6, create_time=LATER, update_time=LATER)
        await save_dead_letter(connection, again)
        assert await find_dead_letter(connection, "users", 7) == replace(again, create_time=MORNING)


async def test_letters_are_listed_from_the_newest(database):
    async with database.transaction() as connection:
        for consumer, position in (("users", 1), ("a", 3), ("users", 3), ("a", 2)):
            await save_dead_letter(
                connection, replace(LETTER, consumer=consumer, position=position)
            )

        async def listed(consumer: str = "", before=None, limit: int = 10) -> list:
            found = await list_dead_letters(connection, consumer, before, limit)
            return [(letter.position, letter.consumer) for letter in found]

        assert await listed() == [(3, "users"), (3, "a"), (2, "a"), (1, "users")]
        assert await listed(before=(3, "users"), limit=2) == [(3, "a"), (2, "a")]
        assert await listed("users") == [(3, "users"), (1, "users")]


async def test_a_removed_letter_is_gone(database):
    async with database.transaction() as connection:
        await save_dead_letter(connection, LETTER)
        await remove_dead_letter(connection, "users", 8)
        assert await find_dead_letter(connection, "users", 7) == LETTER
        await remove_dead_letter(connection, "users", 7)
        assert await find_dead_letter(connection, "users", 7) is None
