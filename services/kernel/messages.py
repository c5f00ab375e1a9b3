"""Fields that many contracts share: timestamps, durations, money, resource names and pages."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, overload
from uuid import UUID

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money

from services.kernel.errors import InvalidArgumentError, invalid
from services.kernel.money import to_units

PAGE_SIZE_DEFAULT = 50
PAGE_SIZE_MAX = 1000

Item = TypeVar("Item")


@overload
def timestamp(time: datetime) -> Timestamp: ...
@overload
def timestamp(time: datetime | None) -> Timestamp | None: ...
def timestamp(time: datetime | None) -> Timestamp | None:
    """Return an aware datetime as a Timestamp, or None for None."""
    if time is None:
        return None
    message = Timestamp()
    message.FromDatetime(time.astimezone(UTC))
    return message


def read_timestamp(message: Any, field: str) -> datetime | None:
    """Return an optional Timestamp field of a message as a datetime in UTC.

    Raises:
        InvalidArgumentError: It is out of range.
    """
    if not message.HasField(field):
        return None
    given: Timestamp = getattr(message, field)
    try:
        return given.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise invalid(field, "It is out of range.") from None


def require_timestamp(message: Any, field: str) -> datetime:
    """Return a Timestamp field of a message as a datetime in UTC.

    Raises:
        InvalidArgumentError: It is unset or out of range.
    """
    time = read_timestamp(message, field)
    if time is None:
        raise invalid(field, "It is required.")
    return time


def duration(seconds: float | None) -> Duration | None:
    """Return seconds as a Duration, or None for None."""
    if seconds is None:
        return None
    message = Duration()
    message.FromTimedelta(timedelta(seconds=seconds))
    return message


def read_duration(message: Any, field: str) -> timedelta | None:
    """Return an optional Duration field of a message.

    Raises:
        InvalidArgumentError: It is out of range.
    """
    if not message.HasField(field):
        return None
    given: Duration = getattr(message, field)
    try:
        return given.ToTimedelta()
    except (ValueError, OverflowError):
        raise invalid(field, "It is out of range.") from None


def money(amount: int, currency: str) -> Money:
    """Return an amount in minor units as Money."""
    units, nanos = to_units(amount, currency)
    return Money(currency_code=currency, units=units, nanos=nanos)


def parse_name(name: str, collection: str, field: str = "name") -> str:
    """Return the id of a resource name `{collection}/{id}` (AIP-122).

    Raises:
        InvalidArgumentError: It is not a name of this collection.
    """
    head, _, tail = name.partition("/")
    if head != collection or not tail:
        raise invalid(field, f"It must be {collection}/{{id}}.")
    return tail


def parse_uuid_name(name: str, collection: str, field: str = "name") -> UUID:
    """Return the id of a resource name `{collection}/{id}` whose ids are UUIDs.

    Raises:
        InvalidArgumentError: It is not a name of this collection.
    """
    try:
        return UUID(parse_name(name, collection, field))
    except ValueError:
        raise invalid(field, f"It must be {collection}/{{id}}.") from None


class Page:
    """The page that a List request asks for (AIP-158).

    `limit` is one more than the page size: the extra item, if there is one, shows that a next page
    exists. `cursor` holds the values that the last page ended with, or is None on the first page.
    """

    def __init__(self, request: Any, *parsers: Callable[[Any], Any]) -> None:
        """Read `page_size` and `page_token`. Each parser reads one value of the cursor.

        A page size above 1000 is clamped.

        Raises:
            InvalidArgumentError: The size is negative, or the token was not made by this
                service for these arguments.
        """
        if request.page_size < 0:
            raise invalid("page_size", "It must not be negative.")
        self._request = request
        self.size = min(request.page_size or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)
        self.limit = self.size + 1
        self.cursor: tuple[Any, ...] | None = None
        if request.page_token:
            values = parse_token(request)
            try:
                pairs = zip(parsers, values, strict=True)
                self.cursor = tuple(parse(value) for parse, value in pairs)
            except (ValueError, TypeError):
                raise foreign_token() from None

    def cut(
        self, found: Sequence[Item], cursor_of: Callable[[Item], Sequence[Any]]
    ) -> tuple[Sequence[Item], str]:
        """Return the items of this page and the token of the next one, empty on the last page.

        `found` has up to `limit` items. `cursor_of` returns the values to go on from after an
        item, as JSON values, UUIDs or aware datetimes.
        """
        if len(found) <= self.size:
            return found, ""
        shown = found[: self.size]
        return shown, self.token(*cursor_of(shown[-1]))

    def token(self, *cursor: Any) -> str:
        """Return the token of the page after `cursor`. It is valid for the same arguments only."""
        content = json.dumps(
            [digest(self._request), *cursor], separators=(",", ":"), default=cursor_text
        )
        return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def parse_token(request: Any) -> list[Any]:
    """Return the values of a request's page token.

    Raises:
        InvalidArgumentError: The token is malformed or belongs to other arguments.
    """
    token: str = request.page_token
    try:
        content = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError):
        raise foreign_token() from None
    if not isinstance(content, list) or not content:
        raise foreign_token()
    if content[0] != digest(request):
        raise invalid("page_token", "It belongs to other arguments.")
    return content[1:]


def foreign_token() -> InvalidArgumentError:
    return invalid("page_token", "It is not a token of this service.")


def cursor_text(value: datetime | UUID) -> str:
    """Return a value of a cursor that JSON lacks as text."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def digest(request: Any) -> str:
    """Return a hash of the arguments that must stay the same from page to page."""
    arguments = type(request)()
    arguments.CopyFrom(request)
    arguments.ClearField("page_token")
    arguments.ClearField("page_size")
    content = arguments.SerializeToString(deterministic=True)
    return hashlib.sha256(content).hexdigest()[:16]
