import asyncio

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from libral.payments.v1 import payments_pb2
from libral.telegram.v1 import telegram_pb2
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.payments import storage, worker
from services.payments.domain import State
from services.payments.servicer.reconciliations import compare
from tests.services.helpers import refused

TIME = Timestamp(seconds=1_767_225_600)
Payment = payments_pb2.Payment


def stars(charge: str = "charge-1", amount: int = 100, **fields):
    values = {
        "telegram_id": 42,
        "user": "users/1",
        "currency_code": "XTR",
        "total_amount": amount,
        "telegram_charge_id": charge,
        "invoice_payload": "order-1",
        "pay_time": TIME,
    }
    return payments_pb2.RecordTelegramPaymentRequest(**(values | fields))


def refund(charge: str = "charge-1", amount: int = 100):
    return payments_pb2.RecordTelegramRefundRequest(
        telegram_charge_id=charge,
        currency_code="XTR",
        total_amount=amount,
        telegram_id=42,
        refund_time=TIME,
    )


async def rows(room, query: str) -> list:
    async with room.kernel.database.reading() as connection:
        return (await connection.execute(text(query))).all()


async def published(room) -> list[str]:
    found = await rows(room, "SELECT type FROM payments.outbox ORDER BY sequence")
    return [row.type for row in found if row.type != "audit.call"]


async def test_stars_are_whole(payments, ledger):
    paid = await payments.RecordTelegramPayment(stars(amount=100))
    assert (paid.amount.currency_code, paid.amount.units, paid.amount.nanos) == ("XTR", 100, 0)
    assert paid.state == Payment.COMPLETED
    assert paid.provider == Payment.TELEGRAM_STARS
    balance = await ledger.GetAccountBalance(
        payments_pb2.GetAccountBalanceRequest(name="accounts/telegram-xtr")
    )
    assert balance.balance.units == 100


async def test_a_charge_is_recorded_once(payments, room):
    answers = await asyncio.gather(*(payments.RecordTelegramPayment(stars()) for _ in range(20)))
    assert len({answer.name for answer in answers}) == 1
    assert await published(room) == ["payment.completed"]
    assert len(await rows(room, "SELECT * FROM payments.entries")) == 2


async def test_a_charge_with_other_content_is_refused(payments, room):
    await payments.RecordTelegramPayment(stars(amount=100))
    with refused("ALREADY_EXISTS", "CHARGE_CONFLICT"):
        await payments.RecordTelegramPayment(stars(amount=1))
    assert await published(room) == ["payment.completed"]


@pytest.mark.parametrize("order", ["payment first", "refund first"])
async def test_refund_converges_in_any_order(payments, ledger, room, order):
    if order == "payment first":
        await payments.RecordTelegramPayment(stars())
    for _ in range(2):
        await payments.RecordTelegramRefund(refund())
    for _ in range(2):
        paid = await payments.RecordTelegramPayment(stars())
    assert paid.state == Payment.REFUNDED
    assert await published(room) == ["payment.completed", "payment.refunded"]
    balances = {}
    for account in (await ledger.ListAccounts(payments_pb2.ListAccountsRequest())).accounts:
        request = payments_pb2.GetAccountBalanceRequest(name=account.name)
        balances[account.name] = (await ledger.GetAccountBalance(request)).balance.units
    assert balances == {
        "accounts/refunds-xtr": 100,
        "accounts/sales-xtr": -100,
        "accounts/telegram-xtr": 0,
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments.entries SET amount = 1",
        "DELETE FROM payments.entries",
        "TRUNCATE payments.entries",
        "UPDATE payments.journals SET description = 'x'",
        (
            "INSERT INTO payments.entries (journal_id, account, amount, create_time) "
            "SELECT journal_id, account, 5, now() FROM payments.entries LIMIT 1"
        ),
    ],
)
async def test_the_database_keeps_the_ledger(payments, room, statement):
    await payments.RecordTelegramPayment(stars())
    before = await rows(room, "SELECT * FROM payments.entries ORDER BY id")
    with pytest.raises(DBAPIError, match=r"never changed|sum to zero"):
        async with room.kernel.database.transaction() as connection:
            await connection.execute(text(statement))
    assert await rows(room, "SELECT * FROM payments.entries ORDER BY id") == before


async def test_a_service_may_not_refund(payments):
    paid = await payments.RecordTelegramPayment(stars())
    with refused("PERMISSION_DENIED"):
        await payments.RefundPayment(payments_pb2.RefundPaymentRequest(name=paid.name, reason="x"))


async def test_bad_fields_write_nothing(payments, room):
    with refused("INVALID_ARGUMENT", fields=["currency_code", "total_amount"]):
        await payments.RecordTelegramPayment(stars(amount=-1, currency_code="???"))
    assert await published(room) == []
    assert await rows(room, "SELECT * FROM payments.payments") == []


async def test_filters_and_pages(payments):
    for number in range(5):
        await payments.RecordTelegramPayment(stars(f"charge-{number}", 10 + number))
    await payments.RecordTelegramPayment(stars("other", 500, currency_code="JPY"))
    request = payments_pb2.ListPaymentsRequest(page_size=2, currency_code="XTR")
    amounts = []
    while True:
        page = await payments.ListPayments(request)
        amounts += [one.amount.units for one in page.payments]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert amounts == [14, 13, 12, 11, 10]
    found = await payments.ListPayments(payments_pb2.ListPaymentsRequest(query="charge-3"))
    assert [one.telegram_charge_id for one in found.payments] == ["charge-3"]


async def test_stats_add_up_by_currency(payments):
    await payments.RecordTelegramPayment(stars("a", 100))
    await payments.RecordTelegramPayment(stars("b", 50))
    await payments.RecordTelegramPayment(stars("c", 1999, currency_code="USD"))
    stats = await payments.GetPaymentStats(payments_pb2.GetPaymentStatsRequest())
    totals = {
        one.amount.currency_code: (one.count, one.amount.units, one.amount.nanos)
        for one in stats.totals
    }
    assert totals == {"USD": (1, 19, 990_000_000), "XTR": (2, 150, 0)}


async def test_subscription_is_what_its_payments_say(payments):
    expire = Timestamp(seconds=4_000_000_000)
    for number in range(2):
        await payments.RecordTelegramPayment(
            stars(f"sub-{number}", 50, subscription_expire_time=expire, recurring=True)
        )
    found = await payments.ListSubscriptions(payments_pb2.ListSubscriptionsRequest())
    [one] = found.subscriptions
    assert (one.payment_count, one.amount.units) == (2, 50)
    assert one.state == payments_pb2.Subscription.ACTIVE


async def test_begun_refund_is_finished_after_an_outage(payments, telegram, room):
    paid = await payments.RecordTelegramPayment(stars())
    telegram.failure = grpc.StatusCode.UNAVAILABLE
    async with room.kernel.database.transaction() as connection:
        await connection.execute(text("UPDATE payments.payments SET state = 4"))
    bookkeeper = worker.Bookkeeper(room.kernel, room.kernel.peers.channel(telegram.target))
    async with room.kernel.database.reading() as connection:
        [pending] = await storage.list_refunds_pending(connection, 10)
    with pytest.raises(grpc.aio.AioRpcError):
        await bookkeeper.finish_refund(pending)
    telegram.failure = None
    await bookkeeper.finish_refund(pending)
    after = await payments.GetPayment(payments_pb2.GetPaymentRequest(name=paid.name))
    assert after.state == Payment.REFUNDED
    assert telegram.refunded == ["charge-1"]


async def test_reconciliation_finds_every_kind_of_difference():
    def transaction(charge: str, amount: int, *, incoming: bool = True):
        return telegram_pb2.StarTransaction(id=charge, amount=amount, incoming=incoming)

    statement = [
        transaction("same", 5),
        transaction("missing", 5),
        transaction("amount", 5),
        transaction("refunded", 5),
        transaction("refunded", 5, incoming=False),
    ]
    ledger = {
        "same": (5, State.COMPLETED),
        "amount": (6, State.COMPLETED),
        "refunded": (5, State.COMPLETED),
        "extra": (7, State.COMPLETED),
    }
    found = {one["id"]: one["problem"] for one in compare(statement, ledger)}
    assert found.keys() == {"missing", "amount", "refunded", "extra"}
