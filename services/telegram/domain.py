"""The rules of updates, messages and invoices."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from services.kernel.errors import (
    FieldViolation,
    InvalidArgumentError,
    UnauthenticatedError,
    invalid,
)

PRE_CHECKOUT = "pre_checkout_query"
UPDATE_BYTES_MAX = 1024 * 1024
UPDATE_ID_MAX = 2**63 - 1
TRIES_MAX = 5
PRE_CHECKOUT_SECONDS = 10.0
"""How long Telegram waits for the answer (Bot API, answerPreCheckoutQuery)."""
LEASE = timedelta(seconds=30)
RETRY_SECONDS_MAX = 30.0
PUT_OFF_MAX = max(LEASE, timedelta(seconds=RETRY_SECONDS_MAX))

TEXT_MAX = 4096
TITLE_MAX = 32
DESCRIPTION_MAX = 255
PAYLOAD_BYTES_MAX = 128
SUBSCRIPTION_STARS_MAX = 10_000
SUBSCRIPTION_SECONDS = 2_592_000
"""30 days, the one period that the Bot API takes (createInvoiceLink)."""


class UpdateState(StrEnum):
    """What became of an update."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Update:
    """An update as Telegram sent it. `kind` is the name of the field that it carries."""

    id: int
    kind: str
    chat: int
    body: Mapping[str, Any]


@dataclass(frozen=True)
class KeptUpdate:
    """An update whose turn it is."""

    id: int
    kind: str
    chat: int
    body: Mapping[str, Any]
    receive_time: datetime
    tries: int


def check_secret(given: str, secret: str) -> None:
    """Refuses a webhook call that does not carry the secret (Bot API, setWebhook)."""
    if not hmac.compare_digest(given.encode(), secret.encode()):
        raise UnauthenticatedError(
            "WEBHOOK_SECRET_WRONG", "X-Telegram-Bot-Api-Secret-Token is missing or wrong."
        )


def parse_update(content: bytes) -> Update:
    """Reads the body of a webhook call.

    Raises:
        InvalidArgumentError: It is no JSON object with an update_id.
    """
    if len(content) > UPDATE_BYTES_MAX:
        raise invalid("body", "It is larger than 1 MiB.")
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise invalid("body", "It is no JSON.") from None
    if not isinstance(body, dict):
        raise invalid("body", "It is no JSON object.")
    fields = cast("dict[str, Any]", body)
    update_id = fields.get("update_id")
    if not isinstance(update_id, int) or isinstance(update_id, bool):
        raise invalid("update_id", "It must be an integer.")
    if not 0 <= update_id <= UPDATE_ID_MAX:
        raise invalid("update_id", "It must not be negative, and fit 63 bits.")
    if b"\\u0000" in content:
        raise invalid("body", "It holds the character U+0000.")
    kind = next((name for name in fields if name != "update_id"), "")
    return Update(update_id, kind, chat_of(fields.get(kind)), fields)


def chat_of(content: object) -> int:
    """Tells whose order an update belongs to: its chat's, else its sender's, else nobody's."""
    if isinstance(content, dict):
        fields = cast("dict[str, Any]", content)
        for name in ("chat", "from"):
            one = fields.get(name)
            if isinstance(one, dict):
                found = cast("dict[str, Any]", one).get("id")
                if isinstance(found, int) and abs(found) <= UPDATE_ID_MAX:
                    return found
    return 0


def retry_seconds(tries: int) -> float:
    """Tells how long to wait after `tries` tries."""
    return min(2.0 ** (tries - 1), RETRY_SECONDS_MAX)


def check_message(chat_id: int, text: str) -> None:
    violations: list[FieldViolation] = []
    if chat_id == 0:
        violations.append(FieldViolation("chat_id", "It must be set."))
    if not 0 < len(text) <= TEXT_MAX:
        violations.append(FieldViolation("text", f"Use 1 to {TEXT_MAX} characters."))
    if violations:
        raise InvalidArgumentError(violations)


def check_invoice(
    title: str, description: str, payload: str, stars: int, *, subscription: bool
) -> None:
    """Checks what the Bot API asks of an invoice in Stars (createInvoiceLink)."""
    violations: list[FieldViolation] = []

    def demand(field: str, description: str, *, holds: bool) -> None:
        if not holds:
            violations.append(FieldViolation(f"invoice.{field}", description))

    demand("title", f"Use 1 to {TITLE_MAX} characters.", holds=0 < len(title) <= TITLE_MAX)
    demand(
        "description",
        f"Use 1 to {DESCRIPTION_MAX} characters.",
        holds=0 < len(description) <= DESCRIPTION_MAX,
    )
    demand(
        "payload",
        f"Use 1 to {PAYLOAD_BYTES_MAX} bytes.",
        holds=0 < len(payload.encode()) <= PAYLOAD_BYTES_MAX,
    )
    demand("stars", "It must be above 0.", holds=stars > 0)
    demand(
        "stars",
        f"A subscription costs {SUBSCRIPTION_STARS_MAX} Stars at most.",
        holds=not subscription or stars <= SUBSCRIPTION_STARS_MAX,
    )
    if violations:
        raise InvalidArgumentError(violations)
