"""gRPC channels to other services, whose calls carry a token, a request id and a deadline."""

from collections.abc import Callable
from typing import Any

import grpc
from grpc.aio import ClientCallDetails, Metadata

from services.kernel.calls import current_call
from services.kernel.rpc.tokens import ServiceTokens

DEADLINE_SECONDS = 5.0

OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    # Despite its name, this is the timeout for connecting. A busy service needs more than 100 ms.
    ("grpc.min_reconnect_backoff_ms", 2000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
    ("grpc.enable_retries", 0),
    # A service that is frozen or gone is detected within 6 seconds, also on an idle stream.
    ("grpc.keepalive_time_ms", 2000),
    ("grpc.keepalive_timeout_ms", 2000),
    ("grpc.http2.ping_timeout_ms", 2000),
    ("grpc.http2.max_pings_without_data", 0),
)


class ServiceChannels:
    """The channels of a service: one for each target."""

    def __init__(self, tokens: ServiceTokens) -> None:
        self._tokens = tokens
        self._channels: dict[str, grpc.aio.Channel] = {}

    def get_channel(self, target: str) -> grpc.aio.Channel:
        """Return the channel to `target` (`host:port`). Open it on the first call.

        Its calls carry this service's token and the request id of the current call. Unary calls
        without a timeout end after 5 seconds.
        """
        if target not in self._channels:
            interceptors = [
                UnaryIdentityInterceptor(self._tokens),
                StreamIdentityInterceptor(self._tokens),
            ]
            self._channels[target] = grpc.aio.insecure_channel(
                target, options=OPTIONS, interceptors=interceptors
            )
        return self._channels[target]

    async def close(self) -> None:
        """Close all channels."""
        for channel in self._channels.values():
            await channel.close()


def add_identity(
    details: ClientCallDetails, tokens: ServiceTokens, deadline: float | None
) -> ClientCallDetails:
    """Return call details with the token and request id added, and a default timeout in seconds."""
    metadata = Metadata(*(details.metadata or ()))
    metadata.add("authorization", f"Bearer {tokens.current_token()}")
    if request_id := current_call().request_id:
        metadata.add("x-request-id", request_id)
    return ClientCallDetails(
        method=details.method,
        timeout=details.timeout or deadline,
        metadata=metadata,
        credentials=details.credentials,
        wait_for_ready=details.wait_for_ready,
    )


class UnaryIdentityInterceptor(grpc.aio.UnaryUnaryClientInterceptor):
    """Adds the token, the request id and a deadline of 5 seconds to unary calls."""

    def __init__(self, tokens: ServiceTokens) -> None:
        self._tokens = tokens

    async def intercept_unary_unary(
        self, continuation: Callable[..., Any], client_call_details: Any, request: Any
    ) -> Any:
        """Continue the call with changed details."""
        details = add_identity(client_call_details, self._tokens, DEADLINE_SECONDS)
        return await continuation(details, request)


class StreamIdentityInterceptor(grpc.aio.UnaryStreamClientInterceptor):
    """Adds the token and the request id to server streams, which have no deadline."""

    def __init__(self, tokens: ServiceTokens) -> None:
        self._tokens = tokens

    async def intercept_unary_stream(
        self, continuation: Callable[..., Any], client_call_details: Any, request: Any
    ) -> Any:
        """Continue the call with changed details."""
        return await continuation(add_identity(client_call_details, self._tokens, None), request)
