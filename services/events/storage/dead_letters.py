"""Dead letters of all consumers."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain.dead_letters import DeadLetter, DeadLetterState
from services.events.storage.tables import DEAD_LETTERS


async def save_dead_letter(connection: AsyncConnection, dead_letter: DeadLetter) -> None:
    """Insert a dead letter, or make the existing one PENDING with the new error."""
    values = {
        "error": dead_letter.error,
        "tries": dead_letter.tries,
        "state": int(DeadLetterState.PENDING),
    }
    row = insert(DEAD_LETTERS).values(
        consumer=dead_letter.consumer,
        position=dead_letter.position,
        type=dead_letter.type,
        create_time=dead_letter.create_time,
        update_time=dead_letter.update_time,
        **values,
    )
    await connection.execute(
        row.on_conflict_do_update(
            index_elements=["position", "consumer"],
            set_=values | {"update_time": dead_letter.update_time},
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
    """Return dead letters, newest first, below the position and consumer `before` if given."""
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


async def update_dead_letter_state(
    connection: AsyncConnection, dead_letter: DeadLetter, state: DeadLetterState, now: datetime
) -> None:
    change = update(DEAD_LETTERS).filter_by(
        consumer=dead_letter.consumer, position=dead_letter.position
    )
    await connection.execute(change.values(state=int(state), update_time=now))


async def delete_dead_letter(connection: AsyncConnection, consumer: str, position: int) -> None:
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
