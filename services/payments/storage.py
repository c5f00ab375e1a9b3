"""Payments and the ledger in PostgreSQL: SQL in, domain out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Identity,
    MetaData,
    RowMapping,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payments.domain import AccountType, Payment, Posting, State

METADATA = MetaData(schema="payments")
TIME = DateTime(timezone=True)

PAYMENTS = Table(
    "payments",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("user_name", Text, nullable=False),
    Column("telegram_id", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("charge_id", Text, nullable=False, unique=True),
    Column("provider_charge_id", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("pay_time", TIME, nullable=False),
    Column("create_time", TIME, nullable=False),
    Column("update_time", TIME, nullable=False),
    Column("refund_time", TIME),
    Column("subscription_expire_time", TIME),
    Column("recurring", Boolean, nullable=False),
)

EARLY_REFUNDS = Table(
    "early_refunds",
    METADATA,
    Column("charge_id", Text, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("telegram_id", BigInteger, nullable=False),
    Column("refund_time", TIME, nullable=False),
)

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("code", Text, primary_key=True),
    Column("type", SmallInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("create_time", TIME, nullable=False),
)

JOURNALS = Table(
    "journals",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("payment_id", Uuid, nullable=False),
    Column("description", Text, nullable=False),
    Column("create_time", TIME, nullable=False),
)

ENTRIES = Table(
    "entries",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("journal_id", Uuid, nullable=False),
    Column("account", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("create_time", TIME, nullable=False),
)

RECONCILIATIONS = Table(
    "reconciliations",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("create_time", TIME, nullable=False),
    Column("transaction_count", BigInteger, nullable=False),
    Column("differences", JSONB, nullable=False),
)


@dataclass(frozen=True)
class Filter:
    """Which payments to list."""

    state: int = 0
    currency: str = ""
    user_name: str = ""
    query: str = ""
    start_time: datetime | None = None
    end_time: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        exact = {"currency": self.currency, "user_name": self.user_name}
        found = [PAYMENTS.c[name] == value for name, value in exact.items() if value]
        if self.state:
            found.append(PAYMENTS.c.state == self.state)
        if self.query:
            found.append(PAYMENTS.c.charge_id.startswith(self.query, autoescape=True))
        if self.start_time is not None:
            found.append(PAYMENTS.c.create_time >= self.start_time)
        if self.end_time is not None:
            found.append(PAYMENTS.c.create_time < self.end_time)
        return found


def payment_of(row: RowMapping) -> Payment:
    values: dict[str, Any] = dict(row)
    values["state"] = State(row["state"])
    return Payment(**values)


async def insert_payment(connection: AsyncConnection, payment: Payment) -> bool:
    """Inserts a payment unless its charge is known. Waits for who inserts it at this moment."""
    statement = upsert(PAYMENTS).values(**vars(payment))
    done = await connection.execute(statement.on_conflict_do_nothing(index_elements=["charge_id"]))
    return done.rowcount == 1


async def find_payment(
    connection: AsyncConnection, *, lock: bool = False, **where: Any
) -> Payment | None:
    query = select(PAYMENTS).filter_by(**where)
    rows = await connection.execute(query.with_for_update() if lock else query)
    row = rows.mappings().one_or_none()
    return None if row is None else payment_of(row)


async def change_payment(
    connection: AsyncConnection, payment_id: UUID, now: datetime, **values: Any
) -> Payment:
    statement = update(PAYMENTS).where(PAYMENTS.c.id == payment_id)
    rows = await connection.execute(statement.values(**values, update_time=now).returning(PAYMENTS))
    return payment_of(rows.mappings().one())


async def list_payments(
    connection: AsyncConnection,
    wanted: Filter,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Payment]:
    order = (PAYMENTS.c.create_time.desc(), PAYMENTS.c.id.desc())
    query = select(PAYMENTS).where(*wanted.conditions()).order_by(*order).limit(limit)
    if before is not None:
        query = query.where(tuple_(PAYMENTS.c.create_time, PAYMENTS.c.id) < before)
    return [payment_of(row) for row in (await connection.execute(query)).mappings()]


async def list_refunds_pending(connection: AsyncConnection, limit: int) -> list[Payment]:
    query = select(PAYMENTS).where(PAYMENTS.c.state == State.REFUND_PENDING)
    rows = await connection.execute(query.order_by(PAYMENTS.c.update_time).limit(limit))
    return [payment_of(row) for row in rows.mappings()]


async def sum_payments(
    connection: AsyncConnection, since: datetime | None
) -> list[tuple[State, str, int, int]]:
    """Counts and sums: (state, currency, count, minor units)."""
    query = select(PAYMENTS.c.state, PAYMENTS.c.currency, func.count(), func.sum(PAYMENTS.c.amount))
    if since is not None:
        query = query.where(PAYMENTS.c.pay_time >= since)
    groups = (PAYMENTS.c.currency, PAYMENTS.c.state)
    rows = await connection.execute(query.group_by(*groups).order_by(*groups))
    return [(State(row[0]), row[1], int(row[2]), int(row[3])) for row in rows]


async def keep_early_refund(connection: AsyncConnection, **values: Any) -> None:
    statement = upsert(EARLY_REFUNDS).values(**values)
    await connection.execute(statement.on_conflict_do_nothing())


async def take_early_refund(connection: AsyncConnection, charge_id: str) -> datetime | None:
    """Takes a refund that came before its payment. Tells when it was."""
    statement = EARLY_REFUNDS.delete().where(EARLY_REFUNDS.c.charge_id == charge_id)
    return await connection.scalar(statement.returning(EARLY_REFUNDS.c.refund_time))


async def write_journal(
    connection: AsyncConnection,
    journal_id: UUID,
    payment: Payment,
    description: str,
    postings: Sequence[Posting],
    now: datetime,
) -> None:
    """Writes a journal, and opens the accounts that it needs."""
    accounts = [
        {
            "code": one.account,
            "type": int(one.type),
            "currency": payment.currency,
            "create_time": now,
        }
        for one in postings
    ]
    await connection.execute(upsert(ACCOUNTS).on_conflict_do_nothing(), accounts)
    await connection.execute(
        insert(JOURNALS).values(
            id=journal_id, payment_id=payment.id, description=description, create_time=now
        )
    )
    entries = [
        {
            "journal_id": journal_id,
            "account": one.account,
            "amount": one.amount,
            "create_time": now,
        }
        for one in postings
    ]
    await connection.execute(insert(ENTRIES), entries)


@dataclass(frozen=True)
class Account:
    """An account of the ledger."""

    code: str
    type: AccountType
    currency: str
    create_time: datetime


@dataclass(frozen=True)
class Entry:
    """One side of a journal."""

    id: int
    journal_id: UUID
    account: str
    amount: int
    create_time: datetime
    payment_id: UUID
    description: str


async def find_account(connection: AsyncConnection, code: str) -> Account | None:
    rows = await connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.code == code))
    row = rows.mappings().one_or_none()
    return None if row is None else Account(**row)


async def list_accounts(connection: AsyncConnection, after: str, limit: int) -> list[Account]:
    query = select(ACCOUNTS).where(ACCOUNTS.c.code > after).order_by(ACCOUNTS.c.code).limit(limit)
    return [Account(**row) for row in (await connection.execute(query)).mappings()]


async def sum_entries(
    connection: AsyncConnection, account: str, until: datetime
) -> tuple[int, int]:
    """Sums the debits and the credits of an account up to a time."""
    debits = func.coalesce(func.sum(ENTRIES.c.amount).filter(ENTRIES.c.amount > 0), 0)
    credits_ = func.coalesce(-func.sum(ENTRIES.c.amount).filter(ENTRIES.c.amount < 0), 0)
    query = select(debits, credits_).where(
        ENTRIES.c.account == account, ENTRIES.c.create_time <= until
    )
    row = (await connection.execute(query)).one()
    return int(row[0]), int(row[1])


async def list_entries(
    connection: AsyncConnection, account: str, before: int | None, limit: int
) -> list[Entry]:
    joined = ENTRIES.join(JOURNALS, JOURNALS.c.id == ENTRIES.c.journal_id)
    query = select(ENTRIES, JOURNALS.c.payment_id, JOURNALS.c.description).select_from(joined)
    query = query.where(ENTRIES.c.account == account).order_by(ENTRIES.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(ENTRIES.c.id < before)
    return [Entry(**row) for row in (await connection.execute(query)).mappings()]


@dataclass(frozen=True)
class Subscription:
    """What the payments of a subscription say of it."""

    id: UUID
    user_name: str
    payload: str
    currency: str
    amount: int
    create_time: datetime
    expire_time: datetime
    payment_count: int


async def list_subscriptions(
    connection: AsyncConnection, before: tuple[datetime, UUID] | None, limit: int
) -> list[Subscription]:
    """Lists subscriptions. One is the recurring payments of a customer for one payload."""
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


async def read_stars(connection: AsyncConnection) -> dict[str, tuple[int, State]]:
    """Reads the Stars payments by charge id: (Stars, state)."""
    query = select(PAYMENTS.c.charge_id, PAYMENTS.c.amount, PAYMENTS.c.state)
    rows = await connection.execute(query.where(PAYMENTS.c.currency == "XTR"))
    return {row[0]: (int(row[1]), State(row[2])) for row in rows}


async def insert_reconciliation(connection: AsyncConnection, **values: Any) -> None:
    await connection.execute(insert(RECONCILIATIONS).values(**values))


async def list_reconciliations(
    connection: AsyncConnection, before: tuple[datetime, UUID] | None, limit: int
) -> list[RowMapping]:
    order = (RECONCILIATIONS.c.create_time.desc(), RECONCILIATIONS.c.id.desc())
    query = select(RECONCILIATIONS).order_by(*order).limit(limit)
    if before is not None:
        query = query.where(tuple_(RECONCILIATIONS.c.create_time, RECONCILIATIONS.c.id) < before)
    return list((await connection.execute(query)).mappings())
