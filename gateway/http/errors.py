"""Errors of the gateway and of upstreams: one table of codes, rendered as AIP-193."""

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from google.protobuf import any_pb2, json_format, message_factory
from google.protobuf.descriptor_pool import Default, DescriptorPool
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from gateway.http.languages import choose_locale

DOMAIN = "libral"
LOCALE = "ja"
RETRY_SECONDS = 1
ANY_PREFIX = "type.googleapis.com/"

OK = 0
CANCELLED = 1
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
UNAUTHENTICATED = 16

# gRPC code → its name, and the HTTP status that google/rpc/code.proto gives it.
CODES: Mapping[int, tuple[str, int]] = {
    0: ("OK", 200),
    1: ("CANCELLED", 499),
    2: ("UNKNOWN", 500),
    3: ("INVALID_ARGUMENT", 400),
    4: ("DEADLINE_EXCEEDED", 504),
    5: ("NOT_FOUND", 404),
    6: ("ALREADY_EXISTS", 409),
    7: ("PERMISSION_DENIED", 403),
    8: ("RESOURCE_EXHAUSTED", 429),
    9: ("FAILED_PRECONDITION", 400),
    10: ("ABORTED", 409),
    11: ("OUT_OF_RANGE", 400),
    12: ("UNIMPLEMENTED", 501),
    13: ("INTERNAL", 500),
    14: ("UNAVAILABLE", 503),
    15: ("DATA_LOSS", 500),
    16: ("UNAUTHENTICATED", 401),
}
UNKNOWN = 2

# gRPC metadata. Values of keys with the suffix `-bin` are bytes.
Metadata = list[tuple[str, str | bytes]]

LOCALIZED: Mapping[str, str] = {
    "TOKEN_MISSING": "サインインしてください。",
    "TOKEN_INVALID": "サインインし直してください。",
    "TOKEN_EXPIRED": "サインインし直してください。",
    "PERMISSION_DENIED": "この操作を行う権限がありません。",
    "UPSTREAM_UNAVAILABLE": "サービスに接続できません。しばらくしてからもう一度お試しください。",
    "DEADLINE_EXCEEDED": "時間内に応答がありませんでした。",
    "INTERNAL": "内部エラーが発生しました。",
}


@dataclass(frozen=True)
class Violation:
    """The problem of one field, which is named as the client wrote it."""

    field: str
    description: str


class StatusError(Exception):
    """A `google.rpc.Status` to send to the client.

    `http` overrides the HTTP status of the code for cases that gRPC has no code for: 405, 408, 413,
    415,
    431. `initial` and `trailers` are the metadata that an upstream sent with the error.
    `violations` are
    the invalid fields of the request.
    """

    def __init__(
        self,
        status: status_pb2.Status,
        *,
        http: int | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        super().__init__(status.message)
        self.status = status
        self.code = int(status.code)
        self.http = http or CODES.get(self.code, CODES[UNKNOWN])[1]
        self.headers = list(headers)
        self.initial: Metadata = []
        self.trailers: Metadata = []
        self.violations: list[Violation] = []


def failure(
    code: int,
    reason: str,
    message: str,
    *,
    metadata: Mapping[str, str] | None = None,
    http: int | None = None,
    headers: Iterable[tuple[str, str]] = (),
) -> StatusError:
    """Return an error of the gateway itself, with an ErrorInfo of that reason."""
    info = error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata or {})
    details: list[Message] = [info]
    if code == UNAVAILABLE:
        delay = Duration(seconds=RETRY_SECONDS)
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    if reason in LOCALIZED:
        localized = error_details_pb2.LocalizedMessage(locale=LOCALE, message=LOCALIZED[reason])
        details.append(localized)
    packed = [pack_detail(detail) for detail in details]
    status = status_pb2.Status(code=code, message=message, details=packed)
    return StatusError(status, http=http, headers=headers)


def invalid(violations: list[Violation]) -> StatusError:
    """Return the 400 that lists every violation."""
    first = violations[0]
    surplus = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    error = failure(
        INVALID_ARGUMENT,
        "INVALID_ARGUMENT",
        f"{first.field}: {first.description}{surplus}",
    )
    bad_request = error_details_pb2.BadRequest()
    for violation in violations:
        bad_request.field_violations.add(field=violation.field, description=violation.description)
    error.status.details.append(pack_detail(bad_request))
    error.violations = violations
    return error


def invalid_field(field: str, description: str) -> StatusError:
    return invalid([Violation(field, description)])


def unauthenticated(reason: str, message: str) -> StatusError:
    """Return the 401 with the challenge of RFC 6750."""
    challenge = "Bearer" if reason == "TOKEN_MISSING" else 'Bearer error="invalid_token"'
    headers = [("www-authenticate", challenge)]
    return failure(UNAUTHENTICATED, reason, message, headers=headers)


def unavailable(upstream: str) -> StatusError:
    return failure(
        UNAVAILABLE,
        "UPSTREAM_UNAVAILABLE",
        f"{upstream} is not available.",
        metadata={"upstream": upstream},
    )


def draining() -> StatusError:
    return failure(UNAVAILABLE, "GATEWAY_DRAINING", "The gateway is shutting down.")


def internal() -> StatusError:
    return failure(INTERNAL, "INTERNAL", "Internal error.")


def pack_detail(detail: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed


def reason_of(error: StatusError) -> str:
    """Return the reason of its ErrorInfo, or an empty text."""
    for detail in error.status.details:
        info: Any = unpack_detail(detail, error_details_pb2.ErrorInfo)
        if info is not None:
            return str(info.reason)
    return ""


def retry_after(error: StatusError) -> int | None:
    """Return the whole seconds to wait before a retry, or None."""
    for detail in error.status.details:
        info: Any = unpack_detail(detail, error_details_pb2.RetryInfo)
        if info is not None:
            delay: float = info.retry_delay.seconds + info.retry_delay.nanos / 1e9
            return max(RETRY_SECONDS, math.ceil(delay))
    return RETRY_SECONDS if error.code == UNAVAILABLE else None


def unpack_detail(detail: any_pb2.Any, kind: type[Message]) -> Message | None:
    """Return a detail of that type, or None if it is of another type or cannot be decoded."""
    message = kind()
    try:
        return message if detail.Unpack(message) else None
    except DecodeError:
        return None


def choose_localized(details: Sequence[any_pb2.Any], accepted: str) -> Sequence[any_pb2.Any]:
    """Return the details with only the LocalizedMessage that the client prefers, or all of them."""
    found: dict[int, str] = {}
    for number, detail in enumerate(details):
        message: Any = unpack_detail(detail, error_details_pb2.LocalizedMessage)
        if message is not None:
            found[number] = message.locale
    best = choose_locale(accepted, list(found.values())) if len(found) > 1 else None
    if best is None:
        return details
    left_out = found.keys() - {list(found)[best]}
    return [detail for number, detail in enumerate(details) if number not in left_out]


class Renderer:
    """Renders errors. Details of unknown types keep their bytes."""

    def __init__(self, pool: DescriptorPool) -> None:
        self._pools = (pool, Default())

    def render_body(self, error: StatusError, languages: str = "") -> bytes:
        return b'{"error":' + self.render_status(error, languages) + b"}"

    def render_status(self, error: StatusError, languages: str = "") -> bytes:
        """Return the JSON of `error`, and of `status` at the end of a stream.

        `languages` is the value of Accept-Language. If it is empty, all localized messages are
        kept.
        """
        details: Sequence[any_pb2.Any] = error.status.details
        if languages:
            details = choose_localized(details, languages)
        return orjson.dumps(
            {
                "code": error.http,
                "status": CODES.get(error.code, CODES[UNKNOWN])[0],
                "message": error.status.message,
                "details": [self._detail(detail) for detail in details],
            }
        )

    def _detail(self, detail: any_pb2.Any) -> dict[str, Any]:
        name = detail.type_url.rpartition("/")[2]
        for pool in self._pools:
            try:
                kind = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
                content: Any = json_format.MessageToDict(
                    kind.FromString(detail.value), descriptor_pool=pool
                )
            except (KeyError, DecodeError, TypeError, ValueError, json_format.Error):
                continue
            members = content if isinstance(content, dict) else {"value": content}
            return {"@type": detail.type_url, **members}
        return {"@type": detail.type_url, "value": base64.b64encode(detail.value).decode()}
