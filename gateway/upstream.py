"""Upstreams: who answers for a service, called with bytes by method path."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import grpc
from google.protobuf.message import DecodeError
from google.rpc import status_pb2

from gateway.errors import (
    DEADLINE_EXCEEDED,
    UNAVAILABLE,
    StatusError,
    failure,
    unavailable,
)

Metadata = list[tuple[str, str | bytes]]

SERVING = b"\x08\x01"  # HealthCheckResponse{status: SERVING}
DETAILS = "grpc-status-details-bin"
MESSAGE_BYTES_MAX = 4 * 1024 * 1024
CONNECT_MILLISECONDS = 1000

CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.enable_http_proxy", 0),
    ("grpc.enable_retries", 0),
    ("grpc.service_config_disable_resolution", 1),
    ("grpc.use_local_subchannel_pool", 1),
    # A room that was restarted is back within a second.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", CONNECT_MILLISECONDS),
    ("grpc.max_reconnect_backoff_ms", CONNECT_MILLISECONDS),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
)


@dataclass(frozen=True)
class Call:
    """A call: the path of the method, the serialized request, and at most so many seconds."""

    path: str
    request: bytes
    metadata: Metadata
    seconds: float


class Stream(Protocol):
    """A server stream that is open."""

    async def read(self) -> bytes | None:
        """Waits for the next message. None: the stream ended well.

        Raises:
            StatusError: It ended badly.
            asyncio.CancelledError: It was cancelled, here or by `cancel`.
        """
        ...

    def cancel(self) -> None: ...


HEALTH_CALL = Call("/grpc.health.v1.Health/Check", b"", [], 1.0)


class Upstream(Protocol):
    """A server that answers for some services."""

    async def unary(self, call: Call) -> bytes:
        """Calls a unary method.

        Raises:
            StatusError: What the upstream answered, or that it did not.
        """
        ...

    def stream(self, call: Call) -> Stream: ...

    async def close(self) -> None: ...


class GrpcioUpstream:
    """An upstream over grpc.aio, on one channel."""

    def __init__(self, name: str, target: str) -> None:
        self._name = name
        self._channel = grpc.aio.insecure_channel(target, options=CHANNEL_OPTIONS)
        self._unary: dict[str, Any] = {}
        self._stream: dict[str, Any] = {}

    async def unary(self, call: Call) -> bytes:
        method = self._unary.get(call.path)
        if method is None:
            method = self._unary[call.path] = self._channel.unary_unary(call.path)
        started = method(call.request, metadata=call.metadata, timeout=call.seconds)
        try:
            return cast("bytes", await started)
        except grpc.aio.AioRpcError as error:
            raise translate(self._name, error) from None
        finally:
            started.cancel()

    def stream(self, call: Call) -> Stream:
        method = self._stream.get(call.path)
        if method is None:
            method = self._stream[call.path] = self._channel.unary_stream(call.path)
        started = method(call.request, metadata=call.metadata, timeout=call.seconds)
        return GrpcioStream(self._name, started)

    async def close(self) -> None:
        await self._channel.close()


class GrpcioStream:
    """A server stream over grpc.aio."""

    def __init__(self, name: str, call: Any) -> None:
        self._name = name
        self._call = call

    async def read(self) -> bytes | None:
        try:
            message = await self._call.read()
        except grpc.aio.AioRpcError as error:
            raise translate(self._name, error) from None
        return None if message is grpc.aio.EOF else message

    def cancel(self) -> None:
        self._call.cancel()


class SpreadUpstream:
    """Servers that answer for the same, called in turn."""

    def __init__(self, name: str, targets: Iterable[str]) -> None:
        self._all = [GrpcioUpstream(name, target) for target in targets]
        self._turns = itertools.cycle(self._all)

    async def unary(self, call: Call) -> bytes:
        return await next(self._turns).unary(call)

    def stream(self, call: Call) -> Stream:
        return next(self._turns).stream(call)

    async def close(self) -> None:
        for upstream in self._all:
            await upstream.close()


class Upstreams:
    """The upstreams of all packages and services that have one.

    `targets` maps packages or services to addresses, with commas between them
    where several answer for the same. What has the same target is one
    upstream; one that `before` had too is taken over, connections and all.
    """

    def __init__(self, targets: Mapping[str, str], before: "Upstreams | None" = None) -> None:
        owned: dict[str, list[str]] = {}
        for owner, target in sorted(targets.items()):
            owned.setdefault(target, []).append(owner)
        kept = before.all if before is not None else {}
        self.all: dict[tuple[str, str], Upstream] = {}
        self._by_owner: dict[str, Upstream] = {}
        self._by_name: dict[str, Upstream] = {}
        for target, owners in owned.items():
            name = ", ".join(owners)
            upstream = kept.get((name, target)) or open_upstream(name, target)
            self.all[name, target] = self._by_name[name] = upstream
            self._by_owner |= dict.fromkeys(owners, upstream)
        self.names = sorted(self._by_name)

    def of(self, service: str) -> Upstream:
        """Finds the upstream of a service, or else of its package.

        Raises:
            StatusError: 503, since no address was given for it.
        """
        upstream = self._by_owner.get(service)
        if upstream is None:
            package = service.rpartition(".")[0]
            upstream = self._by_owner.get(package)
            if upstream is None:
                raise unavailable(package or service)
        return upstream

    async def healthy(self, name: str) -> bool:
        """Asks for health. An upstream without that service counts by answering at all."""
        try:
            answer = await self._by_name[name].unary(HEALTH_CALL)
        except StatusError as error:
            return error.code == grpc.StatusCode.UNIMPLEMENTED.value[0]
        return answer == SERVING

    async def close(self, *kept: "Upstreams") -> None:
        """Closes the upstreams that none of `kept` has too."""
        for key, upstream in self.all.items():
            if not any(other.all.get(key) is upstream for other in kept):
                await upstream.close()


def open_upstream(name: str, target: str) -> Upstream:
    targets = target.split(",")
    return SpreadUpstream(name, targets) if len(targets) > 1 else GrpcioUpstream(name, target)


def translate(name: str, error: grpc.aio.AioRpcError) -> StatusError:
    """Turns what grpc.aio raises into the status that the upstream sent.

    UNAVAILABLE without details comes from the connection: its text, which
    names addresses, is replaced.
    """
    code = int(error.code().value[0])
    trailing: Any = error.trailing_metadata() or ()
    for key, value in trailing:
        if key == DETAILS:
            try:
                return StatusError(status_pb2.Status.FromString(value))
            except DecodeError:
                break
    if code == UNAVAILABLE:
        return unavailable(name)
    if code == DEADLINE_EXCEEDED:
        return failure(code, "DEADLINE_EXCEEDED", f"{name} did not answer in time.")
    return StatusError(status_pb2.Status(code=code, message=error.details() or ""))
