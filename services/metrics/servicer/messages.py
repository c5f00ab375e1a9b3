"""Conversions of times and durations from and to messages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from services.kernel.errors import invalid

Context = grpc.aio.ServicerContext[Any, Any]


def stamp(time: datetime | None) -> Timestamp | None:
    if time is None:
        return None
    message = Timestamp()
    message.FromDatetime(time)
    return message


def span(seconds: float | None) -> Duration | None:
    if seconds is None:
        return None
    message = Duration()
    message.FromTimedelta(timedelta(seconds=seconds))
    return message


def read_time(request: Any, field: str) -> datetime | None:
    """Return a timestamp, None if it is unset.

    Raises:
        InvalidArgumentError: It is out of range.
    """
    if not request.HasField(field):
        return None
    given: Timestamp = getattr(request, field)
    try:
        return given.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise invalid(field, "It is out of range.") from None


def read_span(request: Any, field: str) -> timedelta | None:
    """Return a duration, None if it is unset.

    Raises:
        InvalidArgumentError: It is out of range.
    """
    if not request.HasField(field):
        return None
    given: Duration = getattr(request, field)
    try:
        return given.ToTimedelta()
    except (ValueError, OverflowError):
        raise invalid(field, "It is out of range.") from None
