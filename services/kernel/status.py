"""Conversion between errors and `google.rpc.Status` (AIP-193)."""

from typing import cast

import grpc
from google.protobuf import any_pb2, duration_pb2, message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from sqlalchemy.exc import DBAPIError

from services.kernel.errors import InvalidArgumentError, LibralError, UnavailableError

DOMAIN = "libral"
LOCALE = "ja"
RETRY_SECONDS = 1
ERROR_LENGTH_MAX = 1000
INTERNAL = 13
UNAVAILABLE_CODES = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED})


class InternalError(LibralError):
    """An unexpected error. Its details are logged and not sent to the caller."""

    code = INTERNAL

    def __init__(self) -> None:
        super().__init__("INTERNAL", "Internal error.", localized="内部エラーが発生しました。")


def as_libral_error(error: Exception) -> LibralError:
    """Return an error as a LibralError: timeouts and failed dependencies are UnavailableError.

    Any other error becomes InternalError.
    """
    if isinstance(error, LibralError):
        return error
    if isinstance(error, TimeoutError):
        return UnavailableError(
            "TIMEOUT", "The call took too long.", localized="時間内に応答できませんでした。"
        )
    if isinstance(error, grpc.aio.AioRpcError) and error.code() in UNAVAILABLE_CODES:
        return UnavailableError(
            "PEER_UNAVAILABLE",
            "A service that this call needs is unavailable.",
            localized="必要なサービスが応答していません。",
        )
    return InternalError()


def to_status(error: LibralError) -> status_pb2.Status:
    """Return the Status of an error.

    Its details are ErrorInfo, BadRequest for invalid fields, RetryInfo (1 second) if the error is
    UnavailableError, and LocalizedMessage if there is a Japanese message.
    """
    details: list[message.Message] = [
        error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    ]
    if isinstance(error, InvalidArgumentError):
        bad_request = error_details_pb2.BadRequest()
        for violation in error.violations:
            bad_request.field_violations.add(
                field=violation.field, description=violation.description
            )
        details.append(bad_request)
    if isinstance(error, UnavailableError):
        delay = duration_pb2.Duration(seconds=RETRY_SECONDS)
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    if error.localized:
        localized = error_details_pb2.LocalizedMessage(locale=LOCALE, message=error.localized)
        details.append(localized)
    return status_pb2.Status(
        code=error.code, message=error.message, details=[pack_detail(detail) for detail in details]
    )


def pack_detail(detail: message.Message) -> any_pb2.Any:
    """Return a message wrapped in Any."""
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """Return the ErrorInfo reason of an error from another service, or the empty string."""
    status = rpc_status.from_call(cast("grpc.Call", error))
    for detail in status.details if status is not None else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return str(info.reason)
    return ""


def describe_error(error: Exception) -> str:
    """Return a description of an error for logs and dead letters, at most 1000 characters.

    The parameters of a failed SQL statement are left out, since they may be personal data. NUL
    characters are removed, which PostgreSQL cannot store.
    """
    if isinstance(error, grpc.aio.AioRpcError):
        text = f"{reason_of(error) or error.code().name}: {error.details()}"
    else:
        cause = error.orig if isinstance(error, DBAPIError) else error
        text = f"{type(error).__name__}: {cause}"
    return text.replace("\0", "")[:ERROR_LENGTH_MAX]
