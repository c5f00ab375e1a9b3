"""Errors of the rules ↔ `google.rpc.Status` on the wire (AIP-193)."""

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


def to_status(error: LibralError) -> status_pb2.Status:
    """Writes an error as a Status with its details."""
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
        code=error.code, message=error.message, details=[pack(detail) for detail in details]
    )


def pack(detail: message.Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """Reads the reason of an error that another room answered with, or ''."""
    status = rpc_status.from_call(cast("grpc.Call", error))
    for detail in status.details if status is not None else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return str(info.reason)
    return ""


def describe(error: Exception) -> str:
    """Says in one line what went wrong, as it can be kept.

    Of a statement that failed its parameters are left out: they are what people wrote.
    """
    if isinstance(error, grpc.aio.AioRpcError):
        said = f"{reason_of(error) or error.code().name}: {error.details()}"
    else:
        cause = error.orig if isinstance(error, DBAPIError) else error
        said = f"{type(error).__name__}: {cause}"
    return said.replace("\0", "")[:ERROR_LENGTH_MAX]
