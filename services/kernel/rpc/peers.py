"""Calls to other rooms: a channel each, with identity, request id and deadline."""

from collections.abc import Callable
from typing import Any

import grpc
from grpc.aio import ClientCallDetails, Metadata

from services.kernel.calls import current_call
from services.kernel.rpc.tokens import ServiceTokens

DEADLINE_SECONDS = 5.0

OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    # Despite its name, what a connection may take to stand: a busy peer needs more than a moment.
    ("grpc.min_reconnect_backoff_ms", 2000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
    ("grpc.enable_retries", 0),
    # A peer that is frozen or gone is noticed within 6 seconds, even by a stream that waits.
    ("grpc.keepalive_time_ms", 2000),
    ("grpc.keepalive_timeout_ms", 2000),
    ("grpc.http2.ping_timeout_ms", 2000),
    ("grpc.http2.max_pings_without_data", 0),
)


class Peers:
    """Opens one channel to each target and closes them all."""

    def __init__(self, tokens: ServiceTokens) -> None:
        self._tokens = tokens
        self._channels: dict[str, grpc.aio.Channel] = {}

    def channel(self, target: str) -> grpc.aio.Channel:
        """Gives the channel to `target`. Its calls carry this room's token."""
        if target not in self._channels:
            interceptors = [UnaryIdentity(self._tokens), StreamIdentity(self._tokens)]
            self._channels[target] = grpc.aio.insecure_channel(
                target, options=OPTIONS, interceptors=interceptors
            )
        return self._channels[target]

    async def close(self) -> None:
        for channel in self._channels.values():
            await channel.close()


def identified(
    details: ClientCallDetails, tokens: ServiceTokens, deadline: float | None
) -> ClientCallDetails:
    metadata = Metadata(*(details.metadata or ()))
    metadata.add("authorization", f"Bearer {tokens.current()}")
    if request_id := current_call().request_id:
        metadata.add("x-request-id", request_id)
    return ClientCallDetails(
        method=details.method,
        timeout=details.timeout or deadline,
        metadata=metadata,
        credentials=details.credentials,
        wait_for_ready=details.wait_for_ready,
    )


class UnaryIdentity(grpc.aio.UnaryUnaryClientInterceptor):
    """Adds identity and a deadline to unary calls."""

    def __init__(self, tokens: ServiceTokens) -> None:
        self._tokens = tokens

    async def intercept_unary_unary(
        self, continuation: Callable[..., Any], client_call_details: Any, request: Any
    ) -> Any:
        details = identified(client_call_details, self._tokens, DEADLINE_SECONDS)
        return await continuation(details, request)


class StreamIdentity(grpc.aio.UnaryStreamClientInterceptor):
    """Adds identity to server streams, which have no deadline."""

    def __init__(self, tokens: ServiceTokens) -> None:
        self._tokens = tokens

    async def intercept_unary_stream(
        self, continuation: Callable[..., Any], client_call_details: Any, request: Any
    ) -> Any:
        return await continuation(identified(client_call_details, self._tokens, None), request)
