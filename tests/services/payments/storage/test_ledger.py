from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from services.payments.domain.ledger import (
    Account,
    AccountType,
    Balance,
    Journal,
    payment_postings,
    refund_postings,
)
from services.payments.storage import ledger as storage
from services.payments.storage.payments import insert_payment
from tests.services.payments.helpers import NOW, payment

TELEGRAM = Account("telegram-xtr", AccountType.ASSET, "XTR", NOW)
HOUR = timedelta(hours=1)


@pytest.fixture
async def journals(database):
    """A payment and, an hour later, its refund."""
    one = payment()
    found = [
        Journal(UUID(int=1), one, "payment", payment_postings(one), NOW),
        Journal(UUID(int=2), one, "refund", refund_postings(one), NOW + HOUR),
    ]
    async with database.transaction() as connection:
        await insert_payment(connection, one)
        for journal in found:
            await storage.insert_journal(connection, journal)
    return found


async def test_journals_open_their_accounts_once(database, journals):
    async with database.reading() as connection:
        accounts = await storage.list_accounts(connection, "", 10)
        assert await storage.list_accounts(connection, "refunds-xtr", 1) == accounts[1:2]
        assert await storage.find_account(connection, "telegram-xtr") == TELEGRAM
        assert await storage.find_account(connection, "none") is None
    assert [(one.code, one.type, one.create_time) for one in accounts] == [
        ("refunds-xtr", AccountType.CONTRA_REVENUE, NOW + HOUR),
        ("sales-xtr", AccountType.REVENUE, NOW),
        ("telegram-xtr", AccountType.ASSET, NOW),
    ]


async def test_a_payment_has_one_journal_of_a_kind(database, journals):
    again = Journal(UUID(int=3), payment(), "refund", refund_postings(payment()), NOW)
    with pytest.raises(IntegrityError):
        async with database.transaction() as connection:
            await storage.insert_journal(connection, again)


async def test_balances_up_to_a_time(database, journals):
    async with database.reading() as connection:
        for until, credits_ in ((NOW, 0), (NOW + HOUR, 100)):
            balance = await storage.read_balance(connection, TELEGRAM, until)
            assert balance == Balance(TELEGRAM, 100, credits_, until)


async def test_entries_are_listed_newest_first(database, journals):
    async with database.reading() as connection:
        refunded, paid = await storage.list_entries(connection, "telegram-xtr", None, 10)
        assert await storage.list_entries(connection, "telegram-xtr", refunded.id, 1) == [paid]
    assert (refunded.amount, refunded.description) == (-100, "refund")
    assert (paid.amount, paid.journal_id, paid.payment_id) == (100, UUID(int=1), payment().id)
