"""Who reacts to the log, and what each gave up on."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain import Consumer, Letter, LetterState
from services.events.storage.tables import CONSUMERS, LETTERS


async def save_consumer(connection: AsyncConnection, consumer: Consumer) -> None:
    values: dict[str, Any] = {
        "position": consumer.position,
        "types": list(consumer.types),
        "report_time": consumer.report_time,
    }
    row = insert(CONSUMERS).values(name=consumer.name, **values)
    await connection.execute(row.on_conflict_do_update(index_elements=["name"], set_=values))


async def list_consumers(
    connection: AsyncConnection, after: str, limit: int
) -> list[tuple[Consumer, int]]:
    """Lists consumers by name, each with how many dead letters it has."""
    letters = (
        select(func.count())
        .where(LETTERS.c.consumer == CONSUMERS.c.name)
        .scalar_subquery()
        .label("letters")
    )
    query = select(CONSUMERS, letters).where(CONSUMERS.c.name > after)
    rows = await connection.execute(query.order_by(CONSUMERS.c.name).limit(limit))
    return [
        (Consumer(row.name, row.position, row.types, row.report_time), row.letters) for row in rows
    ]


async def save_letter(connection: AsyncConnection, letter: Letter) -> None:
    """Keeps a dead letter. One that is there already waits again, with its new error."""
    values = {"error": letter.error, "tries": letter.tries, "state": int(LetterState.PENDING)}
    row = insert(LETTERS).values(
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


async def find_letter(
    connection: AsyncConnection, consumer: str, position: int, *, lock: bool = False
) -> Letter | None:
    query = select(LETTERS).filter_by(consumer=consumer, position=position)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else letter_of(row)


async def list_letters(
    connection: AsyncConnection, consumer: str, before: tuple[int, str] | None, limit: int
) -> list[Letter]:
    """Lists dead letters from the newest on, or from below a position and consumer."""
    order = tuple_(LETTERS.c.position, LETTERS.c.consumer)
    query = select(LETTERS)
    if consumer:
        query = query.where(LETTERS.c.consumer == consumer)
    if before:
        query = query.where(order < before)
    query = query.order_by(LETTERS.c.position.desc(), LETTERS.c.consumer.desc()).limit(limit)
    return [letter_of(row) for row in await connection.execute(query)]


async def change_letter(
    connection: AsyncConnection, letter: Letter, state: LetterState, now: datetime
) -> None:
    change = update(LETTERS).filter_by(consumer=letter.consumer, position=letter.position)
    await connection.execute(change.values(state=int(state), update_time=now))


async def remove_letter(connection: AsyncConnection, consumer: str, position: int) -> None:
    await connection.execute(delete(LETTERS).filter_by(consumer=consumer, position=position))


def letter_of(row: Row[Any]) -> Letter:
    return Letter(
        consumer=row.consumer,
        position=row.position,
        type=row.type,
        error=row.error,
        tries=row.tries,
        state=LetterState(row.state),
        create_time=row.create_time,
        update_time=row.update_time,
    )
