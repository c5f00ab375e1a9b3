"""Dead letters of all consumers."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain.dead_letters import DeadLetter, DeadLetterState
from services.events.storage.tables import DEAD_LETTERS


async def save_dead_letter(connection: AsyncConnection, letter: DeadLetter) -> None:
    """Save a dead letter. One that is there becomes pending again, with the new error."""
    values = {"error": letter.error, "tries": letter.tries, "state": int(DeadLetterState.PENDING)}
    row = insert(DEAD_LETTERS).values(
        consumer=letter.consumer,
        position=letter.position,
        type=letter.type,
        create_time=letter.create_time,
        update_time=letter.update_time,
        **values,
    )
    await connection.execute(
        row.on_conflict_do_update(
            index_elements=["position", "consumer"],
            set_=values | {"update_time": letter.update_time},
        )
    )


async def find_dead_letter(
    connection: AsyncConnection, consumer: str, position: int, *, lock: bool = False
) -> DeadLetter | None:
    query = select(DEAD_LETTERS).filter_by(consumer=consumer, position=position)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else dead_letter_of(row)


async def list_dead_letters(
    connection: AsyncConnection, consumer: str, before: tuple[int, str] | None, limit: int
) -> list[DeadLetter]:
    """Return dead letters, the newest first, or those below a position and consumer."""
    order = tuple_(DEAD_LETTERS.c.position, DEAD_LETTERS.c.consumer)
    query = select(DEAD_LETTERS)
    if consumer:
        query = query.where(DEAD_LETTERS.c.consumer == consumer)
    if before:
        query = query.where(order < before)
    query = query.order_by(DEAD_LETTERS.c.position.desc(), DEAD_LETTERS.c.consumer.desc()).limit(
        limit
    )
    return [dead_letter_of(row) for row in await connection.execute(query)]


async def change_state(
    connection: AsyncConnection, letter: DeadLetter, state: DeadLetterState, now: datetime
) -> None:
    change = update(DEAD_LETTERS).filter_by(consumer=letter.consumer, position=letter.position)
    await connection.execute(change.values(state=int(state), update_time=now))


async def remove_dead_letter(connection: AsyncConnection, consumer: str, position: int) -> None:
    await connection.execute(delete(DEAD_LETTERS).filter_by(consumer=consumer, position=position))


def dead_letter_of(row: Row[Any]) -> DeadLetter:
    return DeadLetter(
        consumer=row.consumer,
        position=row.position,
        type=row.type,
        error=row.error,
        tries=row.tries,
        state=DeadLetterState(row.state),
        create_time=row.create_time,
        update_time=row.update_time,
    )
