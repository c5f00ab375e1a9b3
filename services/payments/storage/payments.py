"""Payments, subscriptions and early refunds in PostgreSQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payments.domain.payments import (
    Payment,
    PaymentFilter,
    PaymentState,
    PaymentTotal,
    Refund,
    Subscription,
    TimeCursor,
)
from services.payments.storage.tables import EARLY_REFUNDS, PAYMENTS


def to_payment(row: RowMapping) -> Payment:
    values: dict[str, Any] = dict(row)
    values["state"] = PaymentState(row["state"])
    return Payment(**values)


async def lock_charge(connection: AsyncConnection, charge_id: str) -> None:
    """Wait until no other transaction holds the lock of a charge id, and hold it until commit."""
    await connection.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(charge_id, 0)))
    )


async def insert_payment(connection: AsyncConnection, payment: Payment) -> bool:
    """Insert a payment unless its charge id is known. Return True if it was inserted.

    Waits for a concurrent transaction that inserts the same charge id.
    """
    statement = insert(PAYMENTS).values(**vars(payment))
    done = await connection.execute(statement.on_conflict_do_nothing(index_elements=["charge_id"]))
    return done.rowcount == 1


async def find_payment(
    connection: AsyncConnection, *, lock: bool = False, **where: Any
) -> Payment | None:
    """Return the payment whose columns equal `where`, locked for update if `lock`."""
    query = select(PAYMENTS).filter_by(**where)
    rows = await connection.execute(query.with_for_update() if lock else query)
    row = rows.mappings().one_or_none()
    return None if row is None else to_payment(row)


async def change_payment(
    connection: AsyncConnection, payment_id: UUID, now: datetime, **values: Any
) -> Payment:
    """Set columns of a payment and return it as it is afterwards."""
    statement = update(PAYMENTS).where(PAYMENTS.c.id == payment_id)
    rows = await connection.execute(statement.values(**values, update_time=now).returning(PAYMENTS))
    return to_payment(rows.mappings().one())


async def list_payments(
    connection: AsyncConnection, wanted: PaymentFilter, before: TimeCursor | None, limit: int
) -> list[Payment]:
    """Return at most `limit` payments, newest first, after the cursor `before`."""
    order = (PAYMENTS.c.create_time.desc(), PAYMENTS.c.id.desc())
    query = select(PAYMENTS).where(*filter_conditions(wanted)).order_by(*order).limit(limit)
    if before is not None:
        query = query.where(tuple_(PAYMENTS.c.create_time, PAYMENTS.c.id) < before)
    return [to_payment(row) for row in (await connection.execute(query)).mappings()]


def filter_conditions(wanted: PaymentFilter) -> list[ColumnElement[bool]]:
    exact = {"currency": wanted.currency, "user_name": wanted.user_name, "state": wanted.state}
    found = [PAYMENTS.c[name] == value for name, value in exact.items() if value]
    if wanted.charge_id_prefix:
        found.append(PAYMENTS.c.charge_id.startswith(wanted.charge_id_prefix, autoescape=True))
    if wanted.start_time is not None:
        found.append(PAYMENTS.c.create_time >= wanted.start_time)
    if wanted.end_time is not None:
        found.append(PAYMENTS.c.create_time < wanted.end_time)
    return found


async def list_pending_refunds(connection: AsyncConnection, limit: int) -> list[Payment]:
    """Return payments whose refund was begun and not completed, longest waiting first."""
    query = select(PAYMENTS).where(PAYMENTS.c.state == PaymentState.REFUND_PENDING)
    rows = await connection.execute(query.order_by(PAYMENTS.c.update_time).limit(limit))
    return [to_payment(row) for row in rows.mappings()]


async def sum_payments(connection: AsyncConnection, since: datetime | None) -> list[PaymentTotal]:
    """Return totals by currency and state of the payments paid at or after `since`."""
    query = select(PAYMENTS.c.state, PAYMENTS.c.currency, func.count(), func.sum(PAYMENTS.c.amount))
    if since is not None:
        query = query.where(PAYMENTS.c.pay_time >= since)
    groups = (PAYMENTS.c.currency, PAYMENTS.c.state)
    rows = await connection.execute(query.group_by(*groups).order_by(*groups))
    return [PaymentTotal(PaymentState(row[0]), row[1], int(row[2]), int(row[3])) for row in rows]


async def insert_early_refund(connection: AsyncConnection, refund: Refund) -> None:
    """Store a refund until its charge is reported. Ignore further ones of the charge id."""
    statement = insert(EARLY_REFUNDS).values(**vars(refund))
    await connection.execute(statement.on_conflict_do_nothing())


async def take_early_refund(connection: AsyncConnection, charge_id: str) -> datetime | None:
    """Delete the stored refund of a charge and return its time, or None if there is none."""
    statement = EARLY_REFUNDS.delete().where(EARLY_REFUNDS.c.charge_id == charge_id)
    return await connection.scalar(statement.returning(EARLY_REFUNDS.c.refund_time))


async def list_subscriptions(
    connection: AsyncConnection, before: TimeCursor | None, limit: int
) -> list[Subscription]:
    """Return subscriptions, newest first: the recurring payments of a customer for a payload."""
    first = func.min(PAYMENTS.c.create_time)
    oldest = func.array_agg(PAYMENTS.c.id.op("ORDER BY")(PAYMENTS.c.create_time))[1]
    newest = func.array_agg(PAYMENTS.c.amount.op("ORDER BY")(PAYMENTS.c.create_time.desc()))[1]
    grouped = (
        select(
            oldest.label("id"),
            func.max(PAYMENTS.c.user_name).label("user_name"),
            PAYMENTS.c.payload,
            PAYMENTS.c.currency,
            newest.label("amount"),
            first.label("create_time"),
            func.max(PAYMENTS.c.subscription_expire_time).label("expire_time"),
            func.count().label("payment_count"),
        )
        .where(PAYMENTS.c.subscription_expire_time.is_not(None))
        .group_by(PAYMENTS.c.telegram_id, PAYMENTS.c.payload, PAYMENTS.c.currency)
        .subquery()
    )
    query = select(grouped).order_by(grouped.c.create_time.desc(), grouped.c.id.desc())
    if before is not None:
        query = query.where(tuple_(grouped.c.create_time, grouped.c.id) < before)
    rows = await connection.execute(query.limit(limit))
    return [Subscription(**row) for row in rows.mappings()]
