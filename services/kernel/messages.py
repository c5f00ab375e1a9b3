"""Conversion of common fields: timestamps, durations, money, resource names and pages."""

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
    """Return an amount in minor units as Money.

    Raises:
        KeyError: The currency is unknown.
    """
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


class PageRequest:
    """The page that a List request asks for (AIP-158).

    `size` is the number of items on the page, 1 to 1000, by default 50. Query `limit` items: one
    more than `size`, since an extra item shows that there is a next page. `cursor` holds the values
    of the last item of the previous page, or is None on the first page.
    """

    def __init__(self, request: Any, *parsers: Callable[[Any], Any]) -> None:
        """Read `page_size` and `page_token`. Each parser converts one value of the cursor.

        A page size above 1000 is clamped.

        Raises:
            InvalidArgumentError: The size is negative, or the token is malformed or belongs to
                a request with other arguments.
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
                raise invalid_token() from None

    def split_page(
        self, found: Sequence[Item], cursor_of: Callable[[Item], Sequence[Any]]
    ) -> tuple[Sequence[Item], str]:
        """Return the items of this page and the token of the next one, empty on the last page.

        `found` has up to `limit` items. `cursor_of` returns the cursor after an item: JSON values,
        UUIDs or aware datetimes.
        """
        if len(found) <= self.size:
            return found, ""
        shown = found[: self.size]
        return shown, self.make_token(*cursor_of(shown[-1]))

    def make_token(self, *cursor: Any) -> str:
        """Return the token of the page after `cursor`. It is valid for the same arguments only."""
        content = json.dumps(
            [hash_arguments(self._request), *cursor],
            separators=(",", ":"),
            default=format_cursor_value,
        )
        return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def parse_token(request: Any) -> list[Any]:
    """Return the cursor values of a request's page token, as JSON values.

    Raises:
        InvalidArgumentError: The token is malformed or belongs to other arguments.
    """
    token: str = request.page_token
    try:
        content = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError):
        raise invalid_token() from None
    if not isinstance(content, list) or not content:
        raise invalid_token()
    if content[0] != hash_arguments(request):
        raise invalid("page_token", "It belongs to other arguments.")
    return content[1:]


def invalid_token() -> InvalidArgumentError:
    """Return the error of a page token that this service did not make."""
    return invalid("page_token", "It is not a token of this service.")


def format_cursor_value(value: datetime | UUID) -> str:
    """Return a datetime (ISO 8601, in UTC) or UUID as text, for a page token."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def hash_arguments(request: Any) -> str:
    """Return a hash of all request fields but the size and token of the page, as 16 hex digits."""
    arguments = type(request)()
    arguments.CopyFrom(request)
    arguments.ClearField("page_token")
    arguments.ClearField("page_size")
    content = arguments.SerializeToString(deterministic=True)
    return hashlib.sha256(content).hexdigest()[:16]
