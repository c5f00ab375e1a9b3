from datetime import timedelta

import pytest

from services.kernel.errors import NotFoundError
from services.payments.service.ledger import LedgerService
from tests.services.payments.helpers import charge, reported_refund


@pytest.fixture
def ledger_service(database, clock) -> LedgerService:
    return LedgerService(database, clock)


async def test_accounts_are_listed_by_code(payment_service, ledger_service):
    await payment_service.record_charge(charge())
    codes = [one.code for one in await ledger_service.list_accounts("", 10)]
    assert codes == ["sales-xtr", "telegram-xtr"]
    assert [one.code for one in await ledger_service.list_accounts("sales-xtr", 10)] == codes[1:]


async def test_a_balance_now_and_at_a_time(payment_service, ledger_service, clock):
    await payment_service.record_charge(charge())
    before = clock.time
    clock.time += timedelta(hours=1)
    await payment_service.record_refund(reported_refund())
    now = await ledger_service.read_balance("telegram-xtr", None)
    assert (now.debits, now.credits, now.amount, now.as_of) == (100, 100, 0, clock.time)
    then = await ledger_service.read_balance("telegram-xtr", before)
    assert (then.amount, then.as_of) == (100, before)
    earlier = await ledger_service.read_balance("telegram-xtr", before - timedelta(microseconds=1))
    assert earlier.amount == 0


async def test_entries_come_with_their_account(payment_service, ledger_service):
    paid = await payment_service.record_charge(charge())
    account, (entry,) = await ledger_service.list_entries("sales-xtr", None, 10)
    assert account.currency == "XTR"
    assert (entry.amount, entry.payment_id, entry.description) == (-100, paid.id, "payment")
    assert await ledger_service.list_entries("sales-xtr", entry.id, 10) == (account, [])


async def test_an_unknown_account(ledger_service):
    with pytest.raises(NotFoundError, match="accounts/none"):
        await ledger_service.read_balance("none", None)
    with pytest.raises(NotFoundError, match="accounts/none"):
        await ledger_service.list_entries("none", None, 10)
