"""Requests, domain objects and queries that the tests of the payments service share."""

from datetime import UTC, datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from libral.payments.v1 import payments_pb2
from sqlalchemy import text

from services.payments.domain.payments import Charge, Payment, PaymentState, Refund

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TIME = Timestamp(seconds=1_767_225_600)


def payment(**fields) -> Payment:
    values = {
        "id": UUID(int=1),
        "user_name": "users/1",
        "telegram_id": 42,
        "currency": "XTR",
        "amount": 100,
        "state": PaymentState.COMPLETED,
        "charge_id": "charge",
        "provider_charge_id": "",
        "payload": "order-1",
        "pay_time": NOW,
        "create_time": NOW,
        "update_time": NOW,
    }
    return Payment(**(values | fields))


def charge(charge_id: str = "charge-1", **fields) -> Charge:
    values = {
        "user_name": "users/1",
        "telegram_id": 42,
        "currency": "XTR",
        "amount": 100,
        "charge_id": charge_id,
        "payload": "order-1",
        "pay_time": NOW,
    }
    return Charge(**(values | fields))


def reported_refund(charge_id: str = "charge-1", **fields) -> Refund:
    values = {
        "telegram_id": 42,
        "currency": "XTR",
        "amount": 100,
        "charge_id": charge_id,
        "refund_time": NOW,
    }
    return Refund(**(values | fields))


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


async def rows(database, query: str) -> list:
    async with database.reading() as connection:
        return (await connection.execute(text(query))).all()


async def published(database) -> list[str]:
    """Return the types of the published events, without the audit trail, oldest first."""
    found = await rows(database, "SELECT type FROM payments.outbox ORDER BY sequence")
    return [row.type for row in found if row.type != "audit.call"]
