"""Models of payments: amounts, payments and totals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.api.fields import Json, integer, message, messages, string, time


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
            currency_code=string(found, "currencyCode"),
            units=integer(found, "units") or 0,
            nanos=integer(found, "nanos") or 0,
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
            name=string(found, "name"),
            user=string(found, "user"),
            telegram_id=integer(found, "telegramId"),
            amount=Money.parse(message(found, "amount")),
            state=string(found, "state"),
            provider=string(found, "provider"),
            telegram_charge_id=string(found, "telegramChargeId"),
            invoice_payload=string(found, "invoicePayload"),
            pay_time=time(found, "payTime"),
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
            state=string(found, "state"),
            count=integer(found, "count") or 0,
            amount=Money.parse(message(found, "amount")),
        )


@dataclass(frozen=True)
class PaymentStats:
    """Totals by currency and state: of all payments, and of those paid today."""

    totals: Sequence[Total]
    today: Sequence[Total]

    @classmethod
    def parse(cls, found: Json) -> "PaymentStats":
        return cls(
            totals=[Total.parse(one) for one in messages(found, "totals")],
            today=[Total.parse(one) for one in messages(found, "today")],
        )
