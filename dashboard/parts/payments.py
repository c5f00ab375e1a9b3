"""The states of payments as badges."""

from dashboard import formats, text
from dashboard.api.payments import Payment

TONES = {"COMPLETED": "good", "PENDING": "warn", "REFUND_PENDING": "warn", "FAILED": "bad"}


def state_words(payment: Payment) -> str:
    return formats.enum(text.payments.STATES, payment.state)


def state_tone(payment: Payment) -> str:
    return TONES.get(payment.state, "")
