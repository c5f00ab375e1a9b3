"""Audit events hold the subject, the address and the result of a call."""

import pytest
from libral.users.v1 import users_pb2

from services.kernel.calls import AuditRecord, CallContext, Caller
from services.kernel.events.event import Level
from services.kernel.rpc.audit import audit_event, host_of, log_fields, open_record, subject_of

GET = users_pb2.GetUserRequest(name="users/1")


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        ("ipv4:127.0.0.1:50051", "127.0.0.1"),
        ("ipv6:[::1]:50051", "::1"),
        ("ipv6:%5B::1%5D:50051", "::1"),
        ("unix:/tmp/socket", ""),
        ("", ""),
    ],
)
def test_the_address_of_a_peer(peer, host):
    assert host_of(peer) == host


def test_a_subject_is_the_name_of_the_resource():
    update = users_pb2.UpdateUserRequest(user=users_pb2.User(name="users/2"))
    assert subject_of(GET) == "users/1"
    assert subject_of(update) == "users/2"
    assert subject_of(users_pb2.UpdateUserRequest()) == ""
    assert subject_of(users_pb2.LoginRequest(login="a")) == ""


def test_a_forwarded_address_is_recorded_with_the_one_that_was_connected():
    audit = open_record(GET, {"x-forwarded-for": "192.0.2.1"}, "ipv4:127.0.0.1:1")
    assert (audit.subject, audit.address, audit.via) == ("users/1", "192.0.2.1", "127.0.0.1")


@pytest.mark.parametrize("forwarded", ["", "nonsense", "192.0.2.1, 192.0.2.2"])
def test_an_invalid_forwarded_address_is_not_recorded(forwarded):
    audit = open_record(GET, {"x-forwarded-for": forwarded}, "ipv4:127.0.0.1:1")
    assert (audit.address, audit.via) == ("127.0.0.1", "")


def test_a_call_that_failed_is_a_warning_with_its_reason():
    call = CallContext("/x/Do", "r", Caller(subject="users/9", session="sessions/1"))
    event = audit_event(call, AuditRecord(subject="a\0" + "b" * 300), 7, "PERMISSION_DENIED")
    assert (event.level, event.actor) == (Level.WARNING, "users/9")
    assert event.subject == ("a" + "b" * 300)[:256]
    assert event.data == {
        "method": "/x/Do",
        "code": 7,
        "reason": "PERMISSION_DENIED",
        "session": "sessions/1",
    }


def test_a_repeated_call_is_marked_and_its_actor_may_be_set():
    event = audit_event(CallContext("/x/Do"), AuditRecord(actor="users/3", repeated=True), 0, "")
    assert (event.level, event.actor, event.data["repeated"]) == (Level.INFO, "users/3", True)


def test_a_lost_event_is_logged_with_its_fields():
    from datetime import UTC, datetime  # noqa: PLC0415 - beside its one use

    row = {"subject": "a", "actor": "b", "request_id": "c", "data": {}, "id": "no"}
    assert log_fields(row | {"time": datetime(2026, 1, 2, tzinfo=UTC)}) == {
        "subject": "a",
        "actor": "b",
        "request_id": "c",
        "data": {},
        "time": "2026-01-02T00:00:00+00:00",
    }
