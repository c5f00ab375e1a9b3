from google.protobuf.timestamp_pb2 import Timestamp
from libral.payments.v1 import payments_pb2

from tests.services.helpers import refused
from tests.services.payments.helpers import refund, stars


async def test_accounts_and_entries_in_pages(payments, ledger):
    await payments.RecordTelegramPayment(stars("a", 10))
    await payments.RecordTelegramPayment(stars("b", 20))
    await payments.RecordTelegramRefund(refund("b", 20))
    request = payments_pb2.ListAccountsRequest(page_size=2)
    first = await ledger.ListAccounts(request)
    request.page_token = first.next_page_token
    second = await ledger.ListAccounts(request)
    names = [one.name for one in (*first.accounts, *second.accounts)]
    assert names == ["accounts/refunds-xtr", "accounts/sales-xtr", "accounts/telegram-xtr"]
    assert second.next_page_token == ""
    amounts = []
    request = payments_pb2.ListEntriesRequest(parent="accounts/telegram-xtr", page_size=2)
    while True:
        page = await ledger.ListEntries(request)
        amounts.append([one.amount.units for one in page.entries])
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert amounts == [[-20, 20], [10]]


async def test_a_balance_at_a_time(payments, ledger):
    await payments.RecordTelegramPayment(stars())
    request = payments_pb2.GetAccountBalanceRequest(
        name="accounts/telegram-xtr", as_of=Timestamp(seconds=1)
    )
    balance = await ledger.GetAccountBalance(request)
    assert (balance.account, balance.balance.units) == ("accounts/telegram-xtr", 0)
    assert balance.as_of.seconds == 1


async def test_an_unknown_account(ledger):
    with refused("NOT_FOUND", "ACCOUNT_NOT_FOUND"):
        await ledger.GetAccountBalance(payments_pb2.GetAccountBalanceRequest(name="accounts/none"))
    with refused("INVALID_ARGUMENT", fields=["name"]):
        await ledger.GetAccountBalance(payments_pb2.GetAccountBalanceRequest(name="accounts/"))
    with refused("INVALID_ARGUMENT", fields=["parent"]):
        await ledger.ListEntries(payments_pb2.ListEntriesRequest(parent="none"))
