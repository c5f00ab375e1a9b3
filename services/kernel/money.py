"""Money as whole minor units of a currency."""

NANOS = 10**9

# Digits after the decimal point (ISO 4217; Bot API's currencies.json). XTR are Telegram Stars.
EXPONENTS = {
    "XTR": 0, "JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "PYG": 0, "UGX": 0, "ISK": 0,
    "KWD": 3, "BHD": 3, "JOD": 3, "OMR": 3, "TND": 3, "IQD": 3,
} | dict.fromkeys(
    (
        "AED", "ALL", "AMD", "ARS", "AUD", "AZN", "BAM", "BDT", "BGN", "BOB", "BRL", "BYN",
        "CAD", "CHF", "CNY", "COP", "CRC", "CZK", "DKK", "DOP", "DZD", "EGP", "ETB", "EUR",
        "GBP", "GEL", "GTQ", "HKD", "HNL", "HUF", "IDR", "ILS", "INR", "JMD", "KES", "KGS",
        "KZT", "LBP", "LKR", "MAD", "MDL", "MMK", "MNT", "MOP", "MUR", "MVR", "MXN", "MYR",
        "MZN", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PHP", "PKR", "PLN", "QAR",
        "RON", "RSD", "RUB", "SAR", "SEK", "SGD", "SYP", "THB", "TJS", "TRY", "TTD", "TWD",
        "TZS", "UAH", "USD", "UYU", "UZS", "YER", "ZAR",
    ),
    2,
)  # fmt: skip


def to_units(amount: int, currency: str) -> tuple[int, int]:
    """Return an amount in minor units as whole units and nanos, both with its sign.

    Raises:
        KeyError: The currency is unknown.
    """
    scale = 10 ** EXPONENTS[currency]
    units, rest = divmod(abs(amount), scale)
    sign = -1 if amount < 0 else 1
    return sign * units, sign * rest * (NANOS // scale)
