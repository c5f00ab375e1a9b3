"""Conversion of payments, accounts and reconciliations to messages of the contract."""

from datetime import datetime
from typing import Any
from uuid import UUID

import grpc
from libral.payments.v1 import payments_pb2

from services.kernel.messages import PageRequest, money, timestamp
from services.payments.domain.ledger import Account, Balance, LedgerEntry
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


def time_page(request: Any) -> PageRequest:
    """Return the page of a list that is ordered by creation time and id."""
    return PageRequest(request, datetime.fromisoformat, UUID)


def time_cursor(page: PageRequest) -> TimeCursor | None:
    return None if page.cursor is None else TimeCursor(*page.cursor)


def cursor_of(item: Payment | Subscription | Reconciliation) -> TimeCursor:
    return TimeCursor(item.create_time, item.id)


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
        pay_time=timestamp(payment.pay_time),
        create_time=timestamp(payment.create_time),
        update_time=timestamp(payment.update_time),
        refund_time=timestamp(payment.refund_time),
    )


def subscription_message(one: Subscription, now: datetime) -> payments_pb2.Subscription:
    states = payments_pb2.Subscription
    return payments_pb2.Subscription(
        name=f"subscriptions/{one.id}",
        user=one.user_name,
        invoice_payload=one.payload,
        amount=money(one.amount, one.currency),
        state=states.ACTIVE if one.expire_time > now else states.EXPIRED,
        create_time=timestamp(one.create_time),
        expire_time=timestamp(one.expire_time),
        payment_count=one.payment_count,
    )


def early_refund_message(refund: Refund) -> payments_pb2.Payment:
    """Return the payment of a refund whose charge has not been reported yet."""
    return payments_pb2.Payment(
        telegram_charge_id=refund.charge_id,
        amount=money(refund.amount, refund.currency),
        refund_time=timestamp(refund.refund_time),
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
        create_time=timestamp(account.create_time),
    )


def balance_message(balance: Balance) -> payments_pb2.AccountBalance:
    currency = balance.account.currency
    return payments_pb2.AccountBalance(
        account=f"accounts/{balance.account.code}",
        balance=money(balance.amount, currency),
        debits=money(balance.debits, currency),
        credits=money(balance.credits, currency),
        as_of=timestamp(balance.as_of),
    )


def entry_message(entry: LedgerEntry, currency: str) -> payments_pb2.Entry:
    return payments_pb2.Entry(
        name=f"accounts/{entry.account}/entries/{entry.id}",
        journal_id=str(entry.journal_id),
        amount=money(entry.amount, currency),
        payment=f"payments/{entry.payment_id}",
        description=entry.description,
        create_time=timestamp(entry.create_time),
    )


def reconciliation_message(result: Reconciliation) -> payments_pb2.Reconciliation:
    return payments_pb2.Reconciliation(
        name=result.name,
        create_time=timestamp(result.create_time),
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
