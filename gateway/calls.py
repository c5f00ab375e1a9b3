"""Calls: the request message, and what the room is told beside: metadata and deadline."""

import base64
import binascii
import math
import re

from gateway.auth import Caller
from gateway.descriptors import Method
from gateway.errors import invalid_field
from gateway.http import Request
from gateway.params import Bound
from gateway.upstream import Call, Metadata

UNARY_SECONDS = 5.0
UNARY_SECONDS_MAX = 60.0
STREAM_SECONDS_MAX = 3600.0
PASSED = ("traceparent", "tracestate", "accept-language")
PREFIX = "grpc-metadata-"
PRIVATE_PREFIXES = ("x-libral-", "grpc-")
HOP_BY_HOP = frozenset(
    {
        "connection",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
OWN = frozenset({"authorization", "x-request-id", "x-forwarded-for", "content-type", "user-agent"})
KEY = re.compile(r"[0-9a-z_.-]+")
GRPC_TIMEOUT = re.compile(r"([0-9]{1,8})([HMSmun])")
UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}


def make_call(
    request: Request, method: Method, caller: Caller | None, bound: Bound, seconds: float
) -> Call:
    named = method.rule.headers if method.rule is not None else ()
    return Call(
        path=method.path,
        request=bound.message.SerializeToString(),
        metadata=make_metadata(request, caller, named),
        seconds=seconds,
        safe=method.safe,
    )


def make_metadata(request: Request, caller: Caller | None, named: tuple[str, ...]) -> Metadata:
    """Chooses what of the headers a room sees. `named` are those its policy asks for."""
    metadata: Metadata = [("x-request-id", request.id), ("x-forwarded-for", request.client)]
    if caller is not None:
        metadata.append(("authorization", caller.authorization))
    headers = request.headers
    metadata += [(name, headers[name]) for name in (*PASSED, *named) if passes(name, headers)]
    for name, value in headers.items():
        if name.startswith(PREFIX):
            metadata += prefixed(name.removeprefix(PREFIX), value)
    return metadata


def visible(metadata: Metadata) -> Metadata:
    """What a client sees of the metadata of an upstream."""
    return [
        (key, value)
        for key, value in metadata
        if key not in HOP_BY_HOP | OWN and not key.startswith(PRIVATE_PREFIXES)
    ]


def passes(name: str, headers: dict[str, str]) -> bool:
    return (
        name in headers
        and name not in HOP_BY_HOP | OWN
        and not name.startswith(PRIVATE_PREFIXES)
        and is_text(headers[name])
    )


def prefixed(key: str, value: str) -> Metadata:
    """Takes the prefix off a header that the client meant as metadata."""
    if not KEY.fullmatch(key) or key in HOP_BY_HOP | OWN or key.startswith(PRIVATE_PREFIXES):
        return []
    if not key.endswith("-bin"):
        return [(key, value)] if is_text(value) else []
    try:
        return [(key, base64.b64decode(value + "=" * (-len(value) % 4), validate=True))]
    except (binascii.Error, ValueError):
        raise invalid_field(PREFIX + key, "must be base64.") from None


def is_text(value: str) -> bool:
    """Whether gRPC can carry it: printable ASCII."""
    return value.isascii() and value.isprintable()


def unary_seconds(headers: dict[str, str]) -> float:
    """Reads how long the client will wait: 5 seconds if it does not say, at most 60."""
    given = given_seconds(headers)
    return UNARY_SECONDS if given is None else min(given, UNARY_SECONDS_MAX)


def stream_seconds(headers: dict[str, str]) -> float:
    """Reads how long a stream may last: an hour at most."""
    given = given_seconds(headers)
    return STREAM_SECONDS_MAX if given is None else min(given, STREAM_SECONDS_MAX)


def given_seconds(headers: dict[str, str]) -> float | None:
    """Reads `grpc-timeout` (such as `500m`) or `x-request-timeout` (seconds)."""
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
