"""Upstream calls of a request: message, metadata and deadline."""

import base64
import binascii
import math
import re
import time

from gateway.auth.auth import RequestCaller
from gateway.contracts.descriptors import Method
from gateway.http.errors import invalid_field
from gateway.http.messages import Request
from gateway.http.metadata import HOP_BY_HOP, KEY, METADATA_PREFIX, PRIVATE_PREFIXES, is_text
from gateway.http.trace import TRACEPARENT, TRACESTATE, state_of
from gateway.routing.params import BoundRequest
from gateway.upstream import Metadata, UpstreamCall

UNARY_SECONDS = 5.0
UNARY_SECONDS_MAX = 60.0
UPLOAD_SECONDS = 600.0
STREAM_SECONDS_MAX = 3600.0
PASSED = ("accept-language",)
OWN = frozenset(
    {
        "authorization",
        "content-type",
        "traceparent",
        "tracestate",
        "user-agent",
        "x-forwarded-for",
        "x-request-id",
    }
)
NOT_PASSED = HOP_BY_HOP | OWN
GRPC_TIMEOUT = re.compile(r"([0-9]{1,8})([HMSmun])")
UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}


def make_call(
    request: Request,
    method: Method,
    caller: RequestCaller | None,
    bound: BoundRequest,
    seconds: float,
) -> UpstreamCall:
    named = method.rule.headers if method.rule is not None else ()
    return UpstreamCall(
        path=method.path,
        request=None if method.client_streaming else bound.message.SerializeToString(),
        metadata=make_metadata(request, caller, named),
        seconds=seconds,
        safe=method.safe,
    )


def make_metadata(
    request: Request, caller: RequestCaller | None, named: tuple[str, ...]
) -> Metadata:
    """Return the metadata of a call. `named` are the headers that its access rule forwards."""
    headers, trace = request.headers, request.trace
    metadata: Metadata = [
        ("x-request-id", request.id),
        ("x-forwarded-for", request.client),
        (TRACEPARENT, trace),
    ]
    if TRACESTATE in headers and (state := state_of(headers, trace)):
        metadata.append((TRACESTATE, state))
    if caller is not None:
        metadata.append(("authorization", caller.authorization))
    metadata += [(name, headers[name]) for name in (*PASSED, *named) if is_forwarded(name, headers)]
    for name, value in headers.items():
        if name.startswith(METADATA_PREFIX):
            metadata += read_prefixed(name.removeprefix(METADATA_PREFIX), value)
    return metadata


def is_forwarded(name: str, headers: dict[str, str]) -> bool:
    return (
        name in headers
        and name not in NOT_PASSED
        and not name.startswith(PRIVATE_PREFIXES)
        and is_text(headers[name])
    )


def read_prefixed(key: str, value: str) -> Metadata:
    """Return the metadata of a `grpc-metadata-` header, given its key without the prefix.

    Raises:
        StatusError: 400, the value of a `-bin` key is not base64.
    """
    if not KEY.fullmatch(key) or key in NOT_PASSED or key.startswith(PRIVATE_PREFIXES):
        return []
    if not key.endswith("-bin"):
        return [(key, value)] if is_text(value) else []
    try:
        return [(key, base64.b64decode(value + "=" * (-len(value) % 4), validate=True))]
    except (binascii.Error, ValueError):
        raise invalid_field(METADATA_PREFIX + key, "must be base64.") from None


def unary_seconds(headers: dict[str, str]) -> float:
    """Return the deadline of a unary call in seconds: 5 by default, at most 60."""
    given = read_timeout(headers)
    return UNARY_SECONDS if given is None else min(given, UNARY_SECONDS_MAX)


def stream_seconds(
    headers: dict[str, str], caller: RequestCaller | None, default: float = STREAM_SECONDS_MAX
) -> float:
    """Return the maximum duration of a stream in seconds.

    It is at most an hour, and ends with the caller's token.
    """
    given = read_timeout(headers)
    seconds = default if given is None else min(given, STREAM_SECONDS_MAX)
    if caller is not None and caller.expire - time.time() < seconds:
        # A second later than the gateway itself ends the stream as UNAUTHENTICATED.
        return max(caller.expire - time.time(), 0.0) + 1.0
    return seconds


def read_timeout(headers: dict[str, str]) -> float | None:
    """Return the seconds of `grpc-timeout` (such as `500m`) or `x-request-timeout`, or None.

    Raises:
        StatusError: 400, the header is malformed.
    """
    if "grpc-timeout" in headers:
        found = GRPC_TIMEOUT.fullmatch(headers["grpc-timeout"])
        if found is None or not int(found[1]):
            raise invalid_field("grpc-timeout", "must be a number and a unit, such as 5S or 500m.")
        return int(found[1]) * UNITS[found[2]]
    if "x-request-timeout" in headers:
        try:
            seconds = float(headers["x-request-timeout"])
        except ValueError:
            seconds = 0.0
        if not (math.isfinite(seconds) and seconds > 0):
            raise invalid_field("x-request-timeout", "must be seconds, such as 2.5.")
        return seconds
    return None
