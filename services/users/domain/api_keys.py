"""API keys and their validation."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.kernel.errors import FieldViolation, InvalidArgumentError, UnauthenticatedError
from services.users.domain.accounts import DISPLAY_NAME_MAX

SCOPE = re.compile(r"[a-z]+\.(read|write)")
SCOPES_MAX = 20
KEY_PREFIX = "lbk_"


@dataclass(frozen=True)
class ApiKey:
    """A key for a program. Without an `expire_time` it does not expire."""

    id: UUID
    display_name: str
    scopes: Sequence[str]
    secret_hash: bytes
    create_time: datetime
    expire_time: datetime | None
    last_use_time: datetime | None

    @property
    def name(self) -> str:
        return f"apiKeys/{self.id}"


def check_api_key(
    display_name: str, scopes: Sequence[str], expires: datetime | None, now: datetime
) -> None:
    """Check the fields of a key to create.

    Raises:
        InvalidArgumentError: With every field that breaks a rule.
    """
    found: list[FieldViolation] = []
    if not 0 < len(display_name) <= DISPLAY_NAME_MAX or not display_name.isprintable():
        found.append(FieldViolation("api_key.display_name", "Use 1 to 100 printable characters."))
    if not 0 < len(scopes) <= SCOPES_MAX or not all(map(SCOPE.fullmatch, scopes)):
        found.append(FieldViolation("api_key.scopes", "Give 1 to 20 scopes such as payments.read."))
    if expires is not None and expires <= now:
        found.append(FieldViolation("api_key.expire_time", "It is in the past."))
    if found:
        raise InvalidArgumentError(found)


def invalid_key() -> UnauthenticatedError:
    return UnauthenticatedError("API_KEY_INVALID", "The API key is not valid.")
