"""Updates in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
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

from services.telegram.domain.updates import (
    DELAY_MAX,
    LEASE,
    PRE_CHECKOUT,
    LeasedUpdate,
    Update,
    UpdateCounts,
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
LEASED = (
    UPDATES.c.id,
    UPDATES.c.kind,
    UPDATES.c.chat,
    UPDATES.c.body,
    UPDATES.c.receive_time,
    UPDATES.c.tries,
)
MONEY_FIELDS = ("successful_payment", "refunded_payment")


async def insert_update(connection: AsyncConnection, one: Update, now: datetime) -> None:
    """Insert an update unless its id is already stored."""
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
) -> Sequence[LeasedUpdate]:
    """Return due updates, make them due again after `LEASE`, and increment their tries.

    Only the oldest pending update of a chat is considered, which keeps the order within the chat.
    An update that is due later than `DELAY_MAX` from now counts as due, because only a clock that
    was set back can cause that.

    The oldest 500 pending updates are searched first, which bounds the work. All are searched only
    if none of these is due.
    """
    for window in (WINDOW, None):
        leased = await lease_oldest(connection, now, limit, window, urgent=urgent)
        if leased:
            return leased
    return []


async def lease_oldest(
    connection: AsyncConnection, now: datetime, limit: int, window: int | None, *, urgent: bool
) -> Sequence[LeasedUpdate]:
    """Lease updates among the oldest `window` pending ones of a lane, or among all if None."""
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
            or_(UPDATES.c.due_time <= now, UPDATES.c.due_time > now + DELAY_MAX),
        )
        .order_by(UPDATES.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    statement = update(UPDATES).where(UPDATES.c.id.in_(due))
    statement = statement.values(tries=UPDATES.c.tries + 1, due_time=now + LEASE)
    rows = (await connection.execute(statement.returning(*LEASED))).mappings()
    return sorted((LeasedUpdate(**row) for row in rows), key=lambda one: one.id)


async def mark_update_done(connection: AsyncConnection, update_id: int) -> bool:
    return await change_pending(connection, update_id, state=UpdateState.DONE, error="")


async def mark_update_failed(connection: AsyncConnection, update_id: int, error: str) -> bool:
    return await change_pending(connection, update_id, state=UpdateState.FAILED, error=error)


async def reschedule_update(
    connection: AsyncConnection, update_id: int, due: datetime, tries: int, error: str
) -> bool:
    return await change_pending(connection, update_id, due_time=due, tries=tries, error=error)


async def change_pending(connection: AsyncConnection, update_id: int, **values: Any) -> bool:
    """Update columns of a pending update. Return False if it is no longer pending."""
    statement = update(UPDATES).where(
        UPDATES.c.id == update_id, UPDATES.c.state == UpdateState.PENDING
    )
    return (await connection.execute(statement.values(**values))).rowcount == 1


async def count_updates(connection: AsyncConnection) -> UpdateCounts:
    def count_of(state: UpdateState) -> Any:
        return select(func.count()).select_from(UPDATES).where(UPDATES.c.state == state)

    query = select(
        count_of(UpdateState.PENDING).scalar_subquery().label("pending"),
        count_of(UpdateState.FAILED).scalar_subquery().label("failed"),
        select(func.max(UPDATES.c.receive_time)).scalar_subquery().label("last_time"),
    )
    return UpdateCounts(**(await connection.execute(query)).mappings().one())


async def delete_updates(connection: AsyncConnection, before: datetime) -> None:
    """Delete updates that are done and older than `before`, except those of payments."""
    is_money = UPDATES.c.kind == PRE_CHECKOUT
    message = UPDATES.c.body["message"]
    for name in MONEY_FIELDS:
        is_money |= message.has_key(name)
    await connection.execute(
        delete(UPDATES).where(
            UPDATES.c.receive_time < before,
            UPDATES.c.state == UpdateState.DONE,
            # The expression is NULL for an update without a message.
            ~func.coalesce(is_money, False),
        )
    )
