"""What tests of rooms share."""

import asyncio
from contextlib import contextmanager

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

PASSWORD = "correct horse battery"
BOT_TOKEN = "123456:test-token"


@contextmanager
def refused(code: str, reason: str = "", fields: list[str] | None = None):
    """Expects an error of this canonical code, reason and violated fields."""
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        yield
    assert failure.value.code().name == code, failure.value.details()
    details = read_details(failure.value)
    if reason:
        assert details["reason"] == reason
    if fields is not None:
        assert details["fields"] == fields


def read_details(error: grpc.aio.AioRpcError) -> dict:
    info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        detail.Unpack(info)
        detail.Unpack(bad_request)
    return {
        "reason": info.reason,
        "fields": [violation.field for violation in bad_request.field_violations],
    }


async def eventually(holds, seconds: float = 10) -> None:
    """Waits until `await holds()` is true."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - what is waited for is in another process
            await asyncio.sleep(0.02)
