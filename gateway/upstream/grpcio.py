"""Calls over grpc.aio."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import grpc

from gateway.http.errors import CANCELLED, Metadata, StatusError
from gateway.upstream.call import (
    MESSAGE_BYTES_MAX,
    Reply,
    UpstreamCall,
    UpstreamStream,
    status_error,
)

CONNECT_MILLISECONDS = 1000

CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.enable_http_proxy", 0),
    ("grpc.enable_retries", 0),
    ("grpc.service_config_disable_resolution", 1),
    ("grpc.use_local_subchannel_pool", 1),
    # Reconnect to a restarted service within a second.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", CONNECT_MILLISECONDS),
    ("grpc.max_reconnect_backoff_ms", CONNECT_MILLISECONDS),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
)


class GrpcioUpstream:
    """An upstream at one address or several, called in turn."""

    def __init__(self, name: str, targets: Sequence[str]) -> None:
        self._name = name
        self._channels = [
            grpc.aio.insecure_channel(target, options=CHANNEL_OPTIONS) for target in targets
        ]
        self._turns = itertools.cycle(self._channels)
        self._methods: dict[tuple[Any, str, str], Any] = {}

    async def unary(self, call: UpstreamCall) -> Reply:
        started = self._method("unary_unary", call.path)(
            call.request, metadata=call.metadata, timeout=call.seconds
        )
        try:
            content = await started
            return Reply(
                content,
                as_metadata(await started.initial_metadata()),
                as_metadata(await started.trailing_metadata()),
            )
        except grpc.aio.AioRpcError as error:
            raise translate_error(self._name, error) from None
        finally:
            started.cancel()

    def open(self, call: UpstreamCall) -> UpstreamStream:
        if call.request is None:
            method = self._method("stream_stream", call.path)
            started = method(metadata=call.metadata, timeout=call.seconds)
        else:
            method = self._method("unary_stream", call.path)
            started = method(call.request, metadata=call.metadata, timeout=call.seconds)
        return GrpcioStream(self._name, started)

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()

    def _method(self, kind: str, path: str) -> Any:
        channel = next(self._turns)
        method = self._methods.get((channel, kind, path))
        if method is None:
            method = self._methods[channel, kind, path] = getattr(channel, kind)(path)
        return method


class GrpcioStream:
    """An open call over grpc.aio."""

    def __init__(self, name: str, call: Any) -> None:
        self._name = name
        self._call = call
        self._trailers: Metadata = []

    async def send(self, message: bytes) -> None:
        try:
            await self._call.write(message)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            raise await self._error() from None

    async def half_close(self) -> None:
        if not self._call.done():
            await self._call.done_writing()

    async def initial_metadata(self) -> Metadata:
        try:
            return as_metadata(await self._call.initial_metadata())
        except grpc.aio.AioRpcError as error:
            raise translate_error(self._name, error) from None

    async def read(self) -> bytes | None:
        try:
            message = await self._call.read()
        except grpc.aio.AioRpcError as error:
            raise translate_error(self._name, error) from None
        if message is not grpc.aio.EOF:
            return bytes(message)
        self._trailers = as_metadata(await self._call.trailing_metadata())
        if await self._call.code() != grpc.StatusCode.OK:
            raise await self._error()
        return None

    def trailers(self) -> Metadata:
        return self._trailers

    def cancel(self) -> None:
        self._call.cancel()

    async def _error(self) -> StatusError:
        code = int((await self._call.code()).value[0]) or CANCELLED
        return status_error(
            self._name,
            code,
            await self._call.details() or "",
            as_metadata(await self._call.initial_metadata()),
            as_metadata(await self._call.trailing_metadata()),
        )


def translate_error(name: str, error: grpc.aio.AioRpcError) -> StatusError:
    return status_error(
        name,
        int(error.code().value[0]),
        error.details() or "",
        as_metadata(error.initial_metadata()),
        as_metadata(error.trailing_metadata()),
    )


def as_metadata(metadata: Any) -> Metadata:
    return [(key, value) for key, value in metadata or ()]
