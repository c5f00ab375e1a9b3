"""Payments, money and accounts as messages of the contract."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money
from libral.payments.v1 import payments_pb2

from services.kernel.errors import invalid
from services.kernel.messages import decode_token, encode_token
from services.kernel.money import to_units
from services.payments.domain.ledger import Account, Balance, Entry
from services.payments.domain.payments import (
    STARS,
    Payment,
    PaymentTotal,
    Refund,
    Subscription,
    TimeCursor,
)
from services.payments.domain.reconciliations import Reconciliation

Context = grpc.aio.ServicerContext[Any, Any]


def stamp(time: datetime | None) -> Timestamp | None:
    if time is None:
        return None
    message = Timestamp()
    message.FromDatetime(time)
    return message


def read_time(request: Any, field: str) -> datetime | None:
    """Return an optional timestamp of a request, or None if it is not set.

    Raises:
        InvalidArgumentError: It is out of range.
    """
    if not request.HasField(field):
        return None
    given: Timestamp = getattr(request, field)
    try:
        return given.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise invalid(field, "It is out of range.") from None


def require_time(request: Any, field: str) -> datetime:
    time = read_time(request, field)
    if time is None:
        raise invalid(field, "It is required.")
    return time


def parse_name(name: str) -> UUID:
    """Return the id in a resource name `payments/{payment}`."""
    collection, _, payment_id = name.partition("/")
    try:
        if collection == "payments":
            return UUID(payment_id)
    except ValueError:
        pass
    raise invalid("name", "It must be payments/{payment}.")


def time_cursor(request: Any) -> TimeCursor | None:
    """Return the cursor in the page token of a list that is ordered by creation time and id."""
    cursor = decode_token(request, 2)
    return TimeCursor(datetime.fromisoformat(cursor[0]), UUID(cursor[1])) if cursor else None


def next_token(request: Any, time: datetime, last_id: UUID) -> str:
    return encode_token(request, [time.astimezone(UTC).isoformat(), str(last_id)])


def money(amount: int, currency: str) -> Money:
    units, nanos = to_units(amount, currency)
    return Money(currency_code=currency, units=units, nanos=nanos)


def payment_message(payment: Payment) -> payments_pb2.Payment:
    provider = payments_pb2.Payment.TELEGRAM_PROVIDER
    if payment.currency == STARS:
        provider = payments_pb2.Payment.TELEGRAM_STARS
    return payments_pb2.Payment(
        name=payment.name,
        user=payment.user_name,
        telegram_id=payment.telegram_id,
        amount=money(payment.amount, payment.currency),
        state=payments_pb2.Payment.State.ValueType(payment.state),
        provider=provider,
        telegram_charge_id=payment.charge_id,
        provider_charge_id=payment.provider_charge_id,
        invoice_payload=payment.payload,
        pay_time=stamp(payment.pay_time),
        create_time=stamp(payment.create_time),
        update_time=stamp(payment.update_time),
        refund_time=stamp(payment.refund_time),
    )


def subscription_message(one: Subscription, now: datetime) -> payments_pb2.Subscription:
    states = payments_pb2.Subscription
    return payments_pb2.Subscription(
        name=f"subscriptions/{one.id}",
        user=one.user_name,
        invoice_payload=one.payload,
        amount=money(one.amount, one.currency),
        state=states.ACTIVE if one.expire_time > now else states.EXPIRED,
        create_time=stamp(one.create_time),
        expire_time=stamp(one.expire_time),
        payment_count=one.payment_count,
    )


def early_refund_message(refund: Refund) -> payments_pb2.Payment:
    """Return the payment of a refund whose charge has not been reported yet."""
    return payments_pb2.Payment(
        telegram_charge_id=refund.charge_id,
        amount=money(refund.amount, refund.currency),
        refund_time=stamp(refund.refund_time),
    )


def total_message(total: PaymentTotal) -> payments_pb2.PaymentStats.Total:
    return payments_pb2.PaymentStats.Total(
        state=payments_pb2.Payment.State.ValueType(total.state),
        count=total.count,
        amount=money(total.amount, total.currency),
    )


def account_message(account: Account) -> payments_pb2.Account:
    return payments_pb2.Account(
        name=f"accounts/{account.code}",
        type=payments_pb2.Account.Type.ValueType(account.type),
        currency_code=account.currency,
        create_time=stamp(account.create_time),
    )


def balance_message(balance: Balance) -> payments_pb2.AccountBalance:
    currency = balance.account.currency
    return payments_pb2.AccountBalance(
        account=f"accounts/{balance.account.code}",
        balance=money(balance.amount, currency),
        debits=money(balance.debits, currency),
        credits=money(balance.credits, currency),
        as_of=stamp(balance.as_of),
    )


def entry_message(entry: Entry, currency: str) -> payments_pb2.Entry:
    return payments_pb2.Entry(
        name=f"accounts/{entry.account}/entries/{entry.id}",
        journal_id=str(entry.journal_id),
        amount=money(entry.amount, currency),
        payment=f"payments/{entry.payment_id}",
        description=entry.description,
        create_time=stamp(entry.create_time),
    )


def reconciliation_message(result: Reconciliation) -> payments_pb2.Reconciliation:
    return payments_pb2.Reconciliation(
        name=result.name,
        create_time=stamp(result.create_time),
        transaction_count=result.transaction_count,
        differences=[
            payments_pb2.Reconciliation.Difference(
                transaction_id=one.charge_id,
                problem=one.problem,
                telegram_amount=one.telegram_amount,
                ledger_amount=one.ledger_amount,
            )
            for one in result.differences
        ],
    )
