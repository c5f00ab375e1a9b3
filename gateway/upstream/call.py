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
    """A call of a method, which lasts at most `seconds`.

    `request` is the serialized message, or None if the client streams. A `safe` call changes
    nothing, and
    may be retried after it was sent.
    """

    path: str
    request: bytes | None
    metadata: Metadata
    seconds: float
    safe: bool = False


@dataclass(slots=True)
class Reply:
    """The response to a unary call, with its initial and trailing metadata."""

    content: bytes
    headers: Metadata
    trailers: Metadata


class UpstreamStream(Protocol):
    """An open call. The code that opened it must always call `cancel` at the end."""

    async def send(self, message: bytes) -> None:
        """Send a message, once the server has capacity for it.

        Raises:
            StatusError: The call has ended.
        """
        ...

    async def half_close(self) -> None:
        """Signal that no more messages follow."""
        ...

    async def initial_metadata(self) -> Metadata:
        """Wait for the metadata before the first message.

        Raises:
            StatusError: The call failed.
        """
        ...

    async def read(self) -> bytes | None:
        """Wait for the next message. None: the stream ended with OK.

        Raises:
            StatusError: It failed.
            asyncio.CancelledError: It was cancelled, here or by `cancel`.
        """
        ...

    def trailers(self) -> Metadata:
        """Return the trailing metadata."""
        ...

    def cancel(self) -> None: ...


class Upstream(Protocol):
    """A gRPC server, at one address or several."""

    async def unary(self, call: UpstreamCall) -> Reply:
        """Call a unary method.

        Raises:
            StatusError: The upstream failed, or did not respond.
        """
        ...

    def open(self, call: UpstreamCall) -> UpstreamStream:
        """Open a call of a streaming method."""
        ...

    async def close(self) -> None: ...


def status_error(
    name: str, code: int, message: str, initial: Metadata, trailers: Metadata
) -> StatusError:
    """Return the error of a failed call.

    The text of UNAVAILABLE and DEADLINE_EXCEEDED without details comes from the connection and
    holds
    addresses, so it is replaced.
    """
    status = status_details(code, trailers)
    if status is not None:
        error = StatusError(status)
    elif code == UNAVAILABLE:
        error = unavailable(name)
    elif code == DEADLINE_EXCEEDED:
        error = failure(code, "DEADLINE_EXCEEDED", f"{name} did not respond in time.")
    else:
        error = StatusError(status_pb2.Status(code=code, message=message))
    error.initial, error.trailers = initial, trailers
    return error


def status_details(code: int, trailers: Metadata) -> status_pb2.Status | None:
    """Return the full status if the server sent one with the same code."""
    for key, value in trailers:
        if key == DETAILS and isinstance(value, bytes):
            try:
                status = status_pb2.Status.FromString(value)
            except DecodeError:
                return None
            return status if status.code == code != OK else None
    return None


def malformed_response(name: str, problem: str) -> StatusError:
    """Return the error for a response that violates the gRPC protocol."""
    return failure(
        INTERNAL, "UPSTREAM_MALFORMED", f"{name} sent an invalid gRPC response: {problem}."
    )
