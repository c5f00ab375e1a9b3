"""Updates in PostgreSQL: SQL in, domain out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    MetaData,
    SmallInteger,
    Table,
    Text,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.telegram.domain import (
    LEASE,
    PRE_CHECKOUT,
    PUT_OFF_MAX,
    KeptUpdate,
    Update,
    UpdateState,
)

METADATA = MetaData(schema="telegram")
TIME = DateTime(timezone=True)

UPDATES = Table(
    "updates",
    METADATA,
    Column("id", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("chat", BigInteger, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("receive_time", TIME, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", SmallInteger, nullable=False),
    Column("due_time", TIME, nullable=False),
    Column("error", Text, nullable=False),
)

WINDOW = 500
KEPT = (UPDATES.c.id, UPDATES.c.kind, UPDATES.c.chat, UPDATES.c.body)
KEPT_MORE = (UPDATES.c.receive_time, UPDATES.c.tries)


@dataclass(frozen=True)
class Counts:
    """What became of the updates."""

    pending: int
    failed: int
    last_time: datetime | None


async def keep_update(connection: AsyncConnection, one: Update, now: datetime) -> None:
    """Keeps an update. One that is known already changes nothing."""
    row = insert(UPDATES).values(
        id=one.id,
        kind=one.kind,
        chat=one.chat,
        body=one.body,
        receive_time=now,
        state=UpdateState.PENDING,
        tries=0,
        due_time=now,
        error="",
    )
    await connection.execute(row.on_conflict_do_nothing())


async def lease_updates(
    connection: AsyncConnection, now: datetime, limit: int, *, urgent: bool
) -> Sequence[KeptUpdate]:
    """Takes updates that are due, so that nobody else does meanwhile. Counts it as a try.

    Of a chat only the oldest update is taken, so that its order is kept. One that is due later
    than anything is put off was put off by a clock that has been set back since.

    The oldest 500 are looked through, however many there are; all of them only when nothing of
    these is due.
    """
    for window in (WINDOW, None):
        leased = await lease_oldest(connection, now, limit, window, urgent=urgent)
        if leased:
            return leased
    return []


async def lease_oldest(
    connection: AsyncConnection, now: datetime, limit: int, window: int | None, *, urgent: bool
) -> Sequence[KeptUpdate]:
    is_urgent = UPDATES.c.kind == PRE_CHECKOUT
    pending = UPDATES.c.state == UpdateState.PENDING
    oldest = select(UPDATES.c.id, UPDATES.c.chat)
    oldest = oldest.where(pending, is_urgent if urgent else ~is_urgent)
    some = oldest.order_by(UPDATES.c.id).limit(window).subquery()
    heads = select(func.min(some.c.id)).group_by(some.c.chat).scalar_subquery()
    due = (
        select(UPDATES.c.id)
        .where(
            UPDATES.c.id.in_(heads),
            pending,
            or_(UPDATES.c.due_time <= now, UPDATES.c.due_time > now + PUT_OFF_MAX),
        )
        .order_by(UPDATES.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    statement = update(UPDATES).where(UPDATES.c.id.in_(due))
    statement = statement.values(tries=UPDATES.c.tries + 1, due_time=now + LEASE)
    rows = (await connection.execute(statement.returning(*KEPT, *KEPT_MORE))).mappings()
    return sorted((KeptUpdate(**row) for row in rows), key=lambda one: one.id)


async def change_update(connection: AsyncConnection, update_id: int, **values: Any) -> bool:
    """Changes a pending update. Tells whether it was still pending."""
    statement = update(UPDATES).where(
        UPDATES.c.id == update_id, UPDATES.c.state == UpdateState.PENDING
    )
    return (await connection.execute(statement.values(**values))).rowcount == 1


async def count_updates(connection: AsyncConnection) -> Counts:
    def among(state: UpdateState) -> Any:
        return select(func.count()).select_from(UPDATES).where(UPDATES.c.state == state)

    query = select(
        among(UpdateState.PENDING).scalar_subquery().label("pending"),
        among(UpdateState.FAILED).scalar_subquery().label("failed"),
        select(func.max(UPDATES.c.receive_time)).scalar_subquery().label("last_time"),
    )
    return Counts(**(await connection.execute(query)).mappings().one())


async def forget_updates(connection: AsyncConnection, now: datetime, age: timedelta) -> None:
    """Deletes updates that were handled long ago, but never those about money."""
    old = UPDATES.c.receive_time < now - age
    money = UPDATES.c.kind == PRE_CHECKOUT
    message = UPDATES.c.body["message"]
    for name in ("successful_payment", "refunded_payment"):
        money |= message.has_key(name)
    is_money = func.coalesce(money, False)
    await connection.execute(
        delete(UPDATES).where(old, UPDATES.c.state == UpdateState.DONE, ~is_money)
    )
