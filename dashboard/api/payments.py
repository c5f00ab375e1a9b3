"""Models of payments: amounts, payments and totals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.api.fields import (
    Json,
    read_integer,
    read_message,
    read_messages,
    read_string,
    read_time,
)


@dataclass(frozen=True)
class Money:
    """An amount (google.type.Money): whole units, and nanos with the same sign."""

    currency_code: str
    units: int
    nanos: int = 0

    @classmethod
    def parse(cls, found: Json) -> "Money | None":
        """Parse an amount. Return None for an empty object."""
        if not found:
            return None
        return cls(
            currency_code=read_string(found, "currencyCode"),
            units=read_integer(found, "units") or 0,
            nanos=read_integer(found, "nanos") or 0,
        )


@dataclass(frozen=True)
class Payment:
    """A payment of a customer in Telegram."""

    name: str
    user: str
    telegram_id: int | None
    amount: Money | None
    state: str
    provider: str
    telegram_charge_id: str
    invoice_payload: str
    pay_time: datetime | None

    @classmethod
    def parse(cls, found: Json) -> "Payment":
        return cls(
            name=read_string(found, "name"),
            user=read_string(found, "user"),
            telegram_id=read_integer(found, "telegramId"),
            amount=Money.parse(read_message(found, "amount")),
            state=read_string(found, "state"),
            provider=read_string(found, "provider"),
            telegram_charge_id=read_string(found, "telegramChargeId"),
            invoice_payload=read_string(found, "invoicePayload"),
            pay_time=read_time(found, "payTime"),
        )


@dataclass(frozen=True)
class Total:
    """The count and the sum of the payments of one state and currency."""

    state: str
    count: int
    amount: Money | None

    @classmethod
    def parse(cls, found: Json) -> "Total":
        return cls(
            state=read_string(found, "state"),
            count=read_integer(found, "count") or 0,
            amount=Money.parse(read_message(found, "amount")),
        )


@dataclass(frozen=True)
class PaymentStats:
    """Totals by currency and state: of all payments, and of those paid today."""

    totals: Sequence[Total]
    today: Sequence[Total]

    @classmethod
    def parse(cls, found: Json) -> "PaymentStats":
        return cls(
            totals=[Total.parse(one) for one in read_messages(found, "totals")],
            today=[Total.parse(one) for one in read_messages(found, "today")],
        )
