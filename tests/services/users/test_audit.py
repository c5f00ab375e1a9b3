"""The audit trail of the users service, written with the change that it records."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from libral.users.v1 import users_pb2, users_pb2_grpc
from sqlalchemy import text

from deploy.local import embedded
from services.kernel.rpc import audit
from services.users.__main__ import build
from tests.services.helpers import BOT_TOKEN, AuditTrail, audited_methods, eventually, refused
from tests.services.users.requests import bearer, create, init_data

REFUSE = """
    CREATE FUNCTION users.refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'no audit'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON users.outbox FOR EACH ROW
    WHEN (NEW.type = 'audit.call') EXECUTE FUNCTION users.refuse();
"""


@pytest.fixture
async def trail(service) -> AuditTrail:
    trail = AuditTrail(service)
    await trail.all()
    return trail


@pytest.fixture
def as_admin(mesh, service, admin):
    """Return a function that calls UserService as the admin."""
    stub = users_pb2_grpc.UserServiceStub(mesh.anonymous_channel(service))

    def call(method: str, request, *more: tuple[str, str]):
        return getattr(stub, method)(request, metadata=[*bearer(admin), *more])

    return call


async def run(service, script: str) -> None:
    async with service.kernel.database.transaction() as connection:
        raw = await connection.get_raw_connection()
        await raw.driver_connection.execute(script)


async def test_each_audited_method_is_recorded_once(auth, admin, as_admin, trail):
    me, mine = admin.user.name, bearer(admin)
    user, event = await trail.of(as_admin("CreateUser", create("taro")))
    assert (event.subject, event.actor) == (user.name, me)
    assert event.data["session"].startswith("sessions/")
    wanted = users_pb2.User(name=user.name, display_name="次郎")
    update = users_pb2.UpdateUserRequest(user=wanted, update_mask=FieldMask(paths=["display_name"]))
    _, event = await trail.of(as_admin("UpdateUser", update))
    assert (event.subject, event.actor) == (user.name, me)
    await trail.of(as_admin("DeleteUser", users_pb2.DeleteUserRequest(name=user.name)))
    _, event = await trail.of(
        as_admin("UndeleteUser", users_pb2.UndeleteUserRequest(name=user.name))
    )
    assert event.subject == user.name
    login = users_pb2.LoginRequest(login="taro", password="a long password")
    pair, event = await trail.of(auth.Login(login))
    assert (event.subject, event.actor) == (user.name, user.name)
    _, event = await trail.of(
        auth.Logout(users_pb2.LogoutRequest(refresh_token=pair.refresh_token))
    )
    assert event.actor == user.name
    telegram = users_pb2.LoginWithTelegramRequest(init_data=init_data(BOT_TOKEN))
    pair, event = await trail.of(auth.LoginWithTelegram(telegram))
    assert (event.subject, event.actor) == (pair.user.name, pair.user.name)
    listed = await auth.ListSessions(users_pb2.ListSessionsRequest(), metadata=bearer(pair))
    session = users_pb2.DeleteSessionRequest(name=listed.sessions[0].name)
    _, event = await trail.of(auth.DeleteSession(session, metadata=mine))
    assert (event.subject, event.actor) == (session.name, me)
    wanted = users_pb2.ApiKey(display_name="会計", scopes=["users.write"])
    key, event = await trail.of(
        auth.CreateApiKey(users_pb2.CreateApiKeyRequest(api_key=wanted), metadata=mine)
    )
    assert event.subject == key.name
    exchanged = await auth.ExchangeApiKey(users_pb2.ExchangeApiKeyRequest(secret=key.secret))
    delete = users_pb2.DeleteUserRequest(name=user.name)
    _, event = await trail.of(auth.delete_user(delete, metadata=bearer(exchanged)))
    assert event.actor == key.name
    request = users_pb2.DeleteApiKeyRequest(name=key.name)
    await trail.of(auth.DeleteApiKey(request, metadata=mine))
    services = ("libral.users.v1.UserService", "libral.users.v1.AuthService")
    assert trail.methods == audited_methods(*services)


async def test_the_record_is_in_the_transaction_of_the_change(service, as_admin, trail):
    """The change and its audit event become visible together: both rows are of one transaction."""
    user, event = await trail.of(as_admin("CreateUser", create("taro")))
    query = "SELECT xmin::text::bigint FROM users.users WHERE id = :id"
    async with service.kernel.database.reading() as connection:
        row = await connection.scalar(text(query), {"id": user.name.removeprefix("users/")})
    assert row == event.transaction_id


async def test_without_its_record_there_is_no_change(service, users, as_admin, trail):
    await run(service, REFUSE)
    with refused("INTERNAL"):
        await as_admin("CreateUser", create("taro"))
    found = await users.ListUsers(users_pb2.ListUsersRequest(query="taro"))
    assert not found.users
    await run(service, "DROP TRIGGER refuse ON users.outbox")
    await trail.of(as_admin("CreateUser", create("taro")))


async def test_failures_are_recorded_with_their_reason(auth, admin, users, as_admin, trail):
    gone = users_pb2.DeleteUserRequest(name=f"users/{uuid4()}")
    event = await trail.of_failure(as_admin("DeleteUser", gone), "NOT_FOUND", "USER_NOT_FOUND")
    assert (event.subject, event.actor) == (gone.name, admin.user.name)
    wrong = users_pb2.LoginRequest(login="admin", password="wrong")
    event = await trail.of_failure(auth.Login(wrong), "UNAUTHENTICATED", "CREDENTIALS_INVALID")
    assert (event.subject, event.actor) == (admin.user.name, "")
    assert "wrong" not in str(event.data)
    event = await trail.of_failure(
        users.DeleteUser(users_pb2.DeleteUserRequest(name=admin.user.name)),
        "PERMISSION_DENIED",
        "PERMISSION_DENIED",
    )
    assert event.actor == "services/test"
    event = await trail.of_failure(
        auth.delete_user(gone, metadata=[("authorization", "Bearer x")]),
        "UNAUTHENTICATED",
        "TOKEN_INVALID",
    )
    assert event.actor == ""


async def test_a_change_that_is_undone_is_no_success(users, trail):
    """The constraint is broken after the work, in the transaction: both are rolled back."""
    await trail.of(users.CreateUser(create("taro")))
    event = await trail.of_failure(
        users.CreateUser(create("taro")), "ALREADY_EXISTS", "USER_EXISTS"
    )
    assert event.actor == "services/test"


async def test_a_sign_in_of_a_suspended_user_is_one_failure(auth, users, trail):
    request = users_pb2.LoginWithTelegramRequest(init_data=init_data(BOT_TOKEN))
    user = (await auth.LoginWithTelegram(request)).user
    wanted = users_pb2.User(name=user.name, state=users_pb2.User.SUSPENDED)
    mask = FieldMask(paths=["state"])
    await users.UpdateUser(users_pb2.UpdateUserRequest(user=wanted, update_mask=mask))
    await trail.all()
    event = await trail.of_failure(
        auth.LoginWithTelegram(request), "UNAUTHENTICATED", "SESSION_OVER"
    )
    assert event.subject == user.name


async def test_a_repeat_is_recorded_once(users, trail):
    request = create("taro")
    request.request_id = str(uuid4())
    user, first = await trail.of(users.CreateUser(request))
    _, again = await trail.of(users.CreateUser(request))
    assert (first.subject, again.subject) == (user.name, user.name)
    assert "repeated" not in first.data
    assert again.data["repeated"] is True


async def test_a_call_that_changes_nothing_is_recorded(auth, trail):
    _, event = await trail.of(auth.Logout(users_pb2.LogoutRequest(refresh_token="unknown")))
    assert (event.subject, event.actor) == ("", "")


async def test_the_address_is_recorded(as_admin, trail):
    request_id = str(uuid4())
    _, event = await trail.of(as_admin("CreateUser", create("taro"), ("x-request-id", request_id)))
    assert event.request_id == request_id
    assert event.data["address"] == "127.0.0.1"
    assert "via" not in event.data
    for forwarded in ("203.0.113.7", "2001:db8::7"):
        login = forwarded.translate(str.maketrans(".:", "--"))
        call = as_admin("CreateUser", create(login), ("x-forwarded-for", forwarded))
        _, event = await trail.of(call)
        assert (event.data["address"], event.data["via"]) == (forwarded, "127.0.0.1")
    call = as_admin("CreateUser", create("jiro"), ("x-forwarded-for", "<b>nowhere</b>"))
    _, event = await trail.of(call)
    assert event.data["address"] == "127.0.0.1"


async def test_a_name_that_no_event_can_have_is_cut(users, as_admin, trail):
    request = users_pb2.DeleteUserRequest(name="users/\0" + "x" * 5000)
    event = await trail.of_failure(
        as_admin("DeleteUser", request), "INVALID_ARGUMENT", "INVALID_FIELDS"
    )
    assert event.subject == ("users/" + "x" * 5000)[:256]


async def test_a_call_that_its_client_gives_up_is_recorded(service, users, trail, monkeypatch):
    entered = asyncio.Event()

    async def hang(*_) -> None:
        entered.set()
        await asyncio.sleep(30)

    monkeypatch.setattr("services.users.storage.accounts.insert_user", hang)
    call = users.CreateUser(create("taro"))
    await entered.wait()
    call.cancel()

    async def recorded() -> bool:
        return [row.data["code"] for row in await trail.all()] == [1]

    await eventually(recorded)


async def test_a_failure_is_recorded_once_the_database_takes_it(service, auth, trail):
    """The response does not wait for an event that cannot be written now."""
    wrong = users_pb2.LoginRequest(login="nobody", password="wrong")
    loop = asyncio.get_running_loop()
    async with service.kernel.database.transaction() as connection:
        await connection.execute(text("LOCK TABLE users.outbox IN ACCESS EXCLUSIVE MODE"))
        started = loop.time()
        with refused("UNAUTHENTICATED", "CREDENTIALS_INVALID"):
            await auth.Login(wrong)
        assert loop.time() - started < audit.WAIT_SECONDS + 2

    async def recorded() -> bool:
        return [row.data["reason"] for row in await trail.all()] == ["CREDENTIALS_INVALID"]

    await eventually(recorded)


async def test_the_end_of_a_service_loses_no_record(mesh, users_environment, monkeypatch):
    monkeypatch.setattr(audit.AuditWriter, "run", lambda _: asyncio.sleep(0))
    async with AsyncExitStack() as stack:
        ending = replace(mesh, stack=stack)
        service = await ending.start("users", build, users_environment)
        auth = users_pb2_grpc.AuthServiceStub(ending.anonymous_channel(service))
        with refused("UNAUTHENTICATED"):
            await auth.Login(users_pb2.LoginRequest(login="nobody", password="wrong"))
        assert await AuditTrail(service).all() == []
    query = "SELECT data ->> 'reason' FROM users.outbox WHERE type = 'audit.call'"
    assert embedded.run_statement(mesh.database_url, query).split() == ["CREDENTIALS_INVALID"]
