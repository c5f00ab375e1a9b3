"""Helpers that the tests of services share."""

import asyncio
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from libral.policy.v1 import policy_pb2
from sqlalchemy import text

PASSWORD = "correct horse battery"
BOT_TOKEN = "123456:test-token"


@contextmanager
def refused(code: str, reason: str = "", fields: list[str] | None = None):
    """Expect an AioRpcError with this code, reason and violated fields."""
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
    """Wait until `await holds()` is true. Raise TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - the condition may depend on another process
            await asyncio.sleep(0.02)


def audited_methods(*services: str) -> set[str]:
    """Return the paths of the audited methods of these services."""
    return {
        f"/{service}/{method.name}"
        for service in services
        for method in descriptor_pool.Default().FindServiceByName(service).methods
        if method.GetOptions().Extensions[policy_pb2.rule].audited
    }


class AuditTrail:
    """The audit events in the outbox of a service without a relay."""

    def __init__(self, service) -> None:
        self._service = service
        self._table = f"{service.kernel.settings.service}.outbox"
        self._seen = 0
        self.methods: set[str] = set()

    async def all(self) -> list[Any]:
        query = f"SELECT * FROM {self._table} WHERE type = 'audit.call' ORDER BY sequence"
        async with self._service.kernel.database.reading() as connection:
            found = list((await connection.execute(text(query))).all())
        self._seen = len(found)
        return found

    async def new(self) -> list[Any]:
        """Return the events that were written since the last look."""
        seen = self._seen
        return (await self.all())[seen:]

    async def of(self, call) -> tuple[Any, Any]:
        """Await a call that succeeds. Return its response and its one event."""
        response = await call
        (event,) = await self.new()
        assert (event.data["code"], event.data["reason"], event.level) == (0, "", 2)
        self.methods.add(event.data["method"])
        return response, event

    async def of_failure(self, call, code: str, reason: str) -> Any:
        """Await a call that fails. Return its one event."""
        with refused(code, reason):
            await call
        (event,) = await self.new()
        found = (event.data["code"], event.data["reason"], event.level)
        assert found == (grpc.StatusCode[code].value[0], reason, 3)
        return event
