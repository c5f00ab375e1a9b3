import asyncio
from uuid import uuid4

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from libral.payments.v1 import payments_pb2
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.services.helpers import refused
from tests.services.payments.helpers import TIME, published, refund, rows, stars

Payment = payments_pb2.Payment


async def test_stars_are_whole(payments, ledger):
    paid = await payments.RecordTelegramPayment(stars(amount=100))
    assert (paid.amount.currency_code, paid.amount.units, paid.amount.nanos) == ("XTR", 100, 0)
    assert paid.state == Payment.COMPLETED
    assert paid.provider == Payment.TELEGRAM_STARS
    balance = await ledger.GetAccountBalance(
        payments_pb2.GetAccountBalanceRequest(name="accounts/telegram-xtr")
    )
    assert balance.balance.units == 100


async def test_a_charge_is_recorded_once(payments, service):
    answers = await asyncio.gather(*(payments.RecordTelegramPayment(stars()) for _ in range(20)))
    assert len({answer.name for answer in answers}) == 1
    assert await published(service.kernel.database) == ["payment.completed"]
    assert len(await rows(service.kernel.database, "SELECT * FROM payments.entries")) == 2


async def test_a_charge_with_other_content_is_refused(payments, service):
    await payments.RecordTelegramPayment(stars(amount=100))
    with refused("ALREADY_EXISTS", "CHARGE_CONFLICT"):
        await payments.RecordTelegramPayment(stars(amount=1))
    assert await published(service.kernel.database) == ["payment.completed"]


@pytest.mark.parametrize("order", ["payment first", "refund first"])
async def test_refund_converges_in_any_order(payments, ledger, service, order):
    if order == "payment first":
        await payments.RecordTelegramPayment(stars())
    for _ in range(2):
        await payments.RecordTelegramRefund(refund())
    for _ in range(2):
        paid = await payments.RecordTelegramPayment(stars())
    assert paid.state == Payment.REFUNDED
    assert await published(service.kernel.database) == ["payment.completed", "payment.refunded"]
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
async def test_the_database_keeps_the_ledger(payments, service, statement):
    await payments.RecordTelegramPayment(stars())
    before = await rows(service.kernel.database, "SELECT * FROM payments.entries ORDER BY id")
    with pytest.raises(DBAPIError, match=r"never changed|sum to zero"):
        async with service.kernel.database.transaction() as connection:
            await connection.execute(text(statement))
    assert (
        await rows(service.kernel.database, "SELECT * FROM payments.entries ORDER BY id") == before
    )


async def test_a_service_may_not_refund(payments):
    paid = await payments.RecordTelegramPayment(stars())
    with refused("PERMISSION_DENIED"):
        await payments.RefundPayment(payments_pb2.RefundPaymentRequest(name=paid.name, reason="x"))


async def test_bad_fields_write_nothing(payments, service):
    with refused("INVALID_ARGUMENT", fields=["currency_code", "total_amount"]):
        await payments.RecordTelegramPayment(stars(amount=-1, currency_code="???"))
    assert await published(service.kernel.database) == []
    assert await rows(service.kernel.database, "SELECT * FROM payments.payments") == []


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


async def test_a_subscription_sums_up_its_payments(payments):
    expire = Timestamp(seconds=4_000_000_000)
    for number in range(2):
        await payments.RecordTelegramPayment(
            stars(f"sub-{number}", 50, subscription_expire_time=expire, recurring=True)
        )
    found = await payments.ListSubscriptions(payments_pb2.ListSubscriptionsRequest())
    [one] = found.subscriptions
    assert (one.payment_count, one.amount.units) == (2, 50)
    assert one.state == payments_pb2.Subscription.ACTIVE


async def test_an_early_refund_answers_with_what_is_known(payments):
    answer = await payments.RecordTelegramRefund(refund())
    assert (answer.name, answer.telegram_charge_id, answer.amount.units) == ("", "charge-1", 100)
    assert answer.refund_time == TIME


@pytest.mark.parametrize("field", ["pay_time", "subscription_expire_time"])
async def test_a_time_out_of_range(payments, field):
    with refused("INVALID_ARGUMENT", fields=[field]):
        await payments.RecordTelegramPayment(stars(**{field: Timestamp(seconds=10**12)}))


async def test_unknown_payments_and_filters(payments):
    with refused("NOT_FOUND", "PAYMENT_NOT_FOUND"):
        name = "payments/00000000-0000-7000-8000-000000000000"
        await payments.GetPayment(payments_pb2.GetPaymentRequest(name=name))
    with refused("INVALID_ARGUMENT", fields=["name"]):
        await payments.GetPayment(payments_pb2.GetPaymentRequest(name="payments/1"))
    with refused("INVALID_ARGUMENT", fields=["currency_code"]):
        await payments.ListPayments(payments_pb2.ListPaymentsRequest(currency_code="???"))
    with refused("INVALID_ARGUMENT", fields=["pay_time"]):
        await payments.RecordTelegramPayment(stars(pay_time=None))


class TestRefundPayment:
    """RefundPayment, which only operators may call."""

    @pytest.fixture
    def users_target(self, operator) -> str:
        return operator.users_target

    async def test_a_refund_needs_a_reason(self, payments, refund):
        paid = await payments.RecordTelegramPayment(stars())
        for reason in ("", "x" * 257):
            with refused("INVALID_ARGUMENT", fields=["reason"]):
                await refund(paid.name, reason=reason)

    async def test_a_refund_is_answered_with_the_refunded_payment(self, payments, refund, telegram):
        paid = await payments.RecordTelegramPayment(stars())
        answer = await refund(paid.name)
        assert answer.state == Payment.REFUNDED
        assert answer == await payments.GetPayment(payments_pb2.GetPaymentRequest(name=paid.name))
        with refused("FAILED_PRECONDITION", "STATE_NOT_ALLOWED"):
            await refund(paid.name)
        assert telegram.refunded == ["charge-1"]

    async def test_a_repeated_request_continues_the_refund(self, payments, refund, telegram):
        paid = await payments.RecordTelegramPayment(stars())
        telegram.failure = grpc.StatusCode.UNAVAILABLE
        request_id = str(uuid4())
        with refused("UNAVAILABLE", "PEER_UNAVAILABLE"):
            await refund(paid.name, request_id)
        telegram.failure = None
        assert (await refund(paid.name, request_id)).state == Payment.REFUNDED

    async def test_a_refund_that_telegram_refuses(self, payments, refund, telegram):
        paid = await payments.RecordTelegramPayment(stars())
        telegram.failure = grpc.StatusCode.FAILED_PRECONDITION
        with refused("FAILED_PRECONDITION", "REFUND_REFUSED"):
            await refund(paid.name)
        after = await payments.GetPayment(payments_pb2.GetPaymentRequest(name=paid.name))
        assert after.state == Payment.COMPLETED
