"""Payments as an operator reads them."""

TONES = {"COMPLETED": "good", "PENDING": "warn", "REFUND_PENDING": "warn", "FAILED": "bad"}
