"""Updates: parsing, ordering, retries and states."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from services.kernel.errors import UnauthenticatedError, invalid

PRE_CHECKOUT = "pre_checkout_query"
UPDATE_BYTES_MAX = 1024 * 1024
UPDATE_ID_MAX = 2**63 - 1
TRIES_MAX = 5
PRE_CHECKOUT_SECONDS = 10.0
"""How long Telegram waits for answerPreCheckoutQuery."""
LEASE = timedelta(seconds=30)
RETRY_SECONDS_MAX = 30.0
DELAY_MAX = max(LEASE, timedelta(seconds=RETRY_SECONDS_MAX))
"""The longest time until a pending update becomes due."""


class UpdateState(StrEnum):
    """The processing state of an update."""

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

    @property
    def urgent(self) -> bool:
        """True if Telegram waits for a response. Urgent updates have their own lane."""
        return self.kind == PRE_CHECKOUT


@dataclass(frozen=True)
class LeasedUpdate(Update):
    """A stored update that is being processed. `tries` includes the current attempt."""

    receive_time: datetime
    tries: int

    def expired(self, now: datetime) -> bool:
        """True if Telegram no longer waits for the response."""
        age = (now - self.receive_time).total_seconds()
        return self.urgent and age > PRE_CHECKOUT_SECONDS


@dataclass(frozen=True)
class UpdateCounts:
    """The numbers of pending and failed updates, and the receive time of the newest one."""

    pending: int
    failed: int
    last_time: datetime | None


def check_secret(given: str, secret: str) -> None:
    """Raise UnauthenticatedError unless a webhook call carries the secret (setWebhook)."""
    if not hmac.compare_digest(given.encode(), secret.encode()):
        raise UnauthenticatedError(
            "WEBHOOK_SECRET_WRONG", "X-Telegram-Bot-Api-Secret-Token is missing or wrong."
        )


def parse_update(content: bytes) -> Update:
    """Return the update in the body of a webhook call.

    Raises:
        InvalidArgumentError: It is not a JSON object with an update_id.
    """
    if len(content) > UPDATE_BYTES_MAX:
        raise invalid("body", "It is larger than 1 MiB.")
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise invalid("body", "It is not JSON.") from None
    if not isinstance(body, dict):
        raise invalid("body", "It is not a JSON object.")
    fields = cast("dict[str, Any]", body)
    update_id = fields.get("update_id")
    if not isinstance(update_id, int) or isinstance(update_id, bool):
        raise invalid("update_id", "It must be an integer.")
    if not 0 <= update_id <= UPDATE_ID_MAX:
        raise invalid("update_id", "It must be 0 to 2^63 - 1.")
    if b"\\u0000" in content:
        raise invalid("body", "It contains the character U+0000.")
    kind = next((name for name in fields if name != "update_id"), "")
    return Update(update_id, kind, chat_of(fields.get(kind)), fields)


def chat_of(content: object) -> int:
    """Return the id of the chat, else of the sender, else 0.

    Updates with the same id are handled in order.
    """
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
    """Return the delay in seconds before the next attempt, after `tries` attempts."""
    return min(2.0 ** (tries - 1), RETRY_SECONDS_MAX)
