"""The current call: entered, left for a while, and added to log lines."""

import asyncio

import pytest

from services.kernel.calls import (
    AuditRecord,
    CallContext,
    Caller,
    current_call,
    enter_call,
    log_context,
    outside_call,
    set_audit_subject,
)
from services.kernel.errors import PermissionDeniedError


def test_outside_of_a_call_there_is_an_empty_one():
    assert current_call() == CallContext()
    set_audit_subject("users/1")
    assert log_context("users")(None, "info", {}) == {"service": "users"}


async def test_a_call_is_that_of_its_task_and_of_those_it_starts():
    async def serve(request_id: str) -> str:
        enter_call(CallContext(request_id=request_id))
        await asyncio.sleep(0)
        return await asyncio.create_task(asyncio.sleep(0, current_call().request_id))

    assert await asyncio.gather(serve("a"), serve("b")) == ["a", "b"]


async def test_work_outside_of_the_call_is_not_of_it():
    enter_call(CallContext(request_id="a"))
    with outside_call():
        assert current_call() == CallContext()
    assert current_call().request_id == "a"


async def test_the_subject_of_the_record():
    audit = AuditRecord()
    enter_call(CallContext(audit=audit))
    set_audit_subject("users/1", "users/2")
    assert (audit.subject, audit.actor) == ("users/1", "users/2")


async def test_a_line_has_the_request_id_unless_it_names_one():
    enter_call(CallContext(request_id="a"))
    add = log_context("users")
    assert add(None, "info", {}) == {"service": "users", "request_id": "a"}
    assert add(None, "info", {"request_id": "b"})["request_id"] == "b"


def test_a_role_is_required():
    caller = Caller(roles=frozenset({"VIEWER"}))
    caller.require_role("VIEWER")
    with pytest.raises(PermissionDeniedError) as refused:
        caller.require_role("ADMIN")
    assert refused.value.metadata == {"role": "ADMIN"}
