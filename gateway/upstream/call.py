"""The interface of an upstream."""

from dataclasses import dataclass
from typing import Protocol

from google.protobuf.message import DecodeError
from google.rpc import status_pb2

from gateway.http.errors import (
    DEADLINE_EXCEEDED,
    INTERNAL,
    OK,
    UNAVAILABLE,
    Metadata,
    StatusError,
    failure,
    unavailable,
)

__all__ = ["Metadata", "Reply", "Upstream", "UpstreamCall", "UpstreamStream"]

MESSAGE_BYTES_MAX = 4 * 1024 * 1024
DETAILS = "grpc-status-details-bin"


@dataclass(slots=True)
class UpstreamCall:
    """A call of a method, which lasts so many seconds at most.

    `request` is the serialized message, all of it: None if the client streams. A `safe` call
    changes nothing, and may be repeated although it was sent.
    """

    path: str
    request: bytes | None
    metadata: Metadata
    seconds: float
    safe: bool = False


@dataclass(slots=True)
class Reply:
    """The answer to a unary call, with the metadata before and after it."""

    content: bytes
    headers: Metadata
    trailers: Metadata


class UpstreamStream(Protocol):
    """A call that is open. Whoever opens it calls `cancel` in the end, whatever became of it."""

    async def send(self, message: bytes) -> None:
        """Send a message, when the server has room for it.

        Raises:
            StatusError: The call has ended.
        """
        ...

    async def half_close(self) -> None:
        """Says that no more messages follow."""
        ...

    async def initial_metadata(self) -> Metadata:
        """Wait for the metadata that comes before the first message.

        Raises:
            StatusError: The call ended badly.
        """
        ...

    async def read(self) -> bytes | None:
        """Wait for the next message. None: the stream ended well.

        Raises:
            StatusError: It ended badly.
            asyncio.CancelledError: It was cancelled, here or by `cancel`.
        """
        ...

    def trailers(self) -> Metadata:
        """The metadata that came with the end."""
        ...

    def cancel(self) -> None: ...


class Upstream(Protocol):
    """A server that answers for one package."""

    async def unary(self, call: UpstreamCall) -> Reply:
        """Call a unary method.

        Raises:
            StatusError: What the upstream answered, or that it did not.
        """
        ...

    def open(self, call: UpstreamCall) -> UpstreamStream:
        """Open a call of a method that streams."""
        ...

    async def close(self) -> None: ...


def status_error(
    name: str, code: int, message: str, initial: Metadata, trailers: Metadata
) -> StatusError:
    """Turn the end of a call into the status that the upstream sent.

    UNAVAILABLE and DEADLINE_EXCEEDED without details come from the connection, whose text names
    addresses: it is replaced.
    """
    status = status_details(code, trailers)
    if status is not None:
        error = StatusError(status)
    elif code == UNAVAILABLE:
        error = unavailable(name)
    elif code == DEADLINE_EXCEEDED:
        error = failure(code, "DEADLINE_EXCEEDED", f"{name} did not answer in time.")
    else:
        error = StatusError(status_pb2.Status(code=code, message=message))
    error.initial, error.trailers = initial, trailers
    return error


def status_details(code: int, trailers: Metadata) -> status_pb2.Status | None:
    """Read the whole status, if the server sent it and it tells the same code."""
    for key, value in trailers:
        if key == DETAILS and isinstance(value, bytes):
            try:
                status = status_pb2.Status.FromString(value)
            except DecodeError:
                return None
            return status if status.code == code != OK else None
    return None


def malformed_response(name: str, problem: str) -> StatusError:
    """The error for an answer that breaks gRPC's protocol."""
    return failure(INTERNAL, "UPSTREAM_MALFORMED", f"{name} answered what is no gRPC: {problem}.")
