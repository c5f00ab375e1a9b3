"""Accounts, journals and entries in PostgreSQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payments.domain.ledger import Account, AccountType, Balance, Journal, LedgerEntry
from services.payments.storage.tables import ACCOUNTS, ENTRIES, JOURNALS


def to_account(row: RowMapping) -> Account:
    values: dict[str, Any] = dict(row)
    values["type"] = AccountType(row["type"])
    return Account(**values)


async def insert_journal(connection: AsyncConnection, journal: Journal) -> None:
    """Insert a journal with its entries, and the accounts that do not exist yet."""
    now = journal.create_time
    accounts = [
        {
            "code": one.account,
            "type": int(one.type),
            "currency": journal.payment.currency,
            "create_time": now,
        }
        for one in journal.postings
    ]
    await connection.execute(upsert(ACCOUNTS).on_conflict_do_nothing(), accounts)
    await connection.execute(
        insert(JOURNALS).values(
            id=journal.id,
            payment_id=journal.payment.id,
            description=journal.description,
            create_time=now,
        )
    )
    entries = [
        {
            "journal_id": journal.id,
            "account": one.account,
            "amount": one.amount,
            "create_time": now,
        }
        for one in journal.postings
    ]
    await connection.execute(insert(ENTRIES), entries)


async def find_account(connection: AsyncConnection, code: str) -> Account | None:
    rows = await connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.code == code))
    row = rows.mappings().one_or_none()
    return None if row is None else to_account(row)


async def list_accounts(connection: AsyncConnection, after: str, limit: int) -> list[Account]:
    """Return accounts by code, from the first code above `after`."""
    query = select(ACCOUNTS).where(ACCOUNTS.c.code > after).order_by(ACCOUNTS.c.code).limit(limit)
    return [to_account(row) for row in (await connection.execute(query)).mappings()]


async def read_balance(connection: AsyncConnection, account: Account, until: datetime) -> Balance:
    """Return the sums of the debits and credits of an account up to and including `until`."""
    debits = func.coalesce(func.sum(ENTRIES.c.amount).filter(ENTRIES.c.amount > 0), 0)
    credits_ = func.coalesce(-func.sum(ENTRIES.c.amount).filter(ENTRIES.c.amount < 0), 0)
    query = select(debits, credits_).where(
        ENTRIES.c.account == account.code, ENTRIES.c.create_time <= until
    )
    row = (await connection.execute(query)).one()
    return Balance(account, int(row[0]), int(row[1]), until)


async def list_entries(
    connection: AsyncConnection, account: str, before: int | None, limit: int
) -> list[LedgerEntry]:
    """Return the entries of an account, newest first, with ids below `before`."""
    joined = ENTRIES.join(JOURNALS, JOURNALS.c.id == ENTRIES.c.journal_id)
    query = select(ENTRIES, JOURNALS.c.payment_id, JOURNALS.c.description).select_from(joined)
    query = query.where(ENTRIES.c.account == account).order_by(ENTRIES.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(ENTRIES.c.id < before)
    return [LedgerEntry(**row) for row in (await connection.execute(query)).mappings()]
