from datetime import timedelta
from uuid import UUID, uuid4

import jwt
import pytest

from services.kernel.calls import Caller
from services.kernel.errors import NotFoundError, UnauthenticatedError
from services.users.domain.sessions import REFRESH_LIFE, SignedIn
from tests.services.users.requests import published


def session_of(signed_in: SignedIn) -> UUID:
    claims = jwt.decode(signed_in.access.token, options={"verify_signature": False})
    return UUID(claims["sid"].removeprefix("sessions/"))


async def test_a_session_is_published_and_its_user_seen(use_cases, service):
    signed_in = await use_cases.open_session(await use_cases.create_user("taro"))
    user = await use_cases.accounts.get_user(signed_in.user.id)
    assert user.last_seen_time == use_cases.clock.time
    assert signed_in.refresh_expire_time == use_cases.clock.time + REFRESH_LIFE
    assert (await published(service))[-1] == "session.created"


async def test_a_renewed_session_keeps_its_name_and_lasts_longer(use_cases):
    first = await use_cases.open_session(await use_cases.create_user("taro"))
    use_cases.clock.time += timedelta(days=29)
    second = await use_cases.sessions.renew_session(first.refresh_token)
    assert session_of(second) == session_of(first)
    assert second.refresh_token != first.refresh_token
    assert second.refresh_expire_time == use_cases.clock.time + REFRESH_LIFE


async def test_a_spent_token_ends_the_session(use_cases, service):
    first = await use_cases.open_session(await use_cases.create_user("taro"))
    second = await use_cases.sessions.renew_session(first.refresh_token)
    for token in (first.refresh_token, second.refresh_token):
        with pytest.raises(UnauthenticatedError) as error:
            await use_cases.sessions.renew_session(token)
        assert error.value.reason == "SESSION_OVER"
    assert (await published(service)).count("session.deleted") == 1


async def test_an_expired_session_is_deleted(use_cases):
    user = await use_cases.create_user("taro")
    signed_in = await use_cases.open_session(user)
    use_cases.clock.time += REFRESH_LIFE
    assert await use_cases.sessions.list_sessions(user.id, None, 10) == []
    with pytest.raises(UnauthenticatedError):
        await use_cases.sessions.renew_session(signed_in.refresh_token)
    use_cases.clock.time -= timedelta(days=1)
    assert await use_cases.sessions.list_sessions(user.id, None, 10) == []


async def test_log_out_ends_one_session(use_cases):
    user = await use_cases.create_user("taro")
    first, second = await use_cases.open_session(user), await use_cases.open_session(user)
    await use_cases.sessions.log_out(first.refresh_token)
    await use_cases.sessions.log_out("unknown")
    (left,) = await use_cases.sessions.list_sessions(user.id, None, 10)
    assert left.id == session_of(second)


async def test_sessions_are_listed_by_owner_in_pages(use_cases):
    taro, jiro = await use_cases.create_user("taro"), await use_cases.create_user("jiro")
    opened = []
    for user in (taro, jiro, taro):
        use_cases.clock.time += timedelta(seconds=1)
        opened.append(session_of(await use_cases.open_session(user)))
    list_sessions = use_cases.sessions.list_sessions
    assert [one.id for one in await list_sessions(None, None, 10)] == opened[::-1]
    (newest,) = await list_sessions(taro.id, None, 1)
    assert newest.id == opened[2]
    rest = await list_sessions(taro.id, (newest.create_time, newest.id), 10)
    assert [one.id for one in rest] == [opened[0]]


async def test_a_session_is_ended_by_its_user_or_an_admin(use_cases):
    user = await use_cases.create_user("taro")
    first, second = [session_of(await use_cases.open_session(user)) for _ in range(2)]
    stranger = Caller(subject=f"users/{uuid4()}", roles=frozenset({"OPERATOR"}))
    with pytest.raises(NotFoundError) as error:
        await use_cases.sessions.delete_session(first, stranger)
    assert error.value.metadata == {"name": f"sessions/{first}"}
    await use_cases.sessions.delete_session(first, Caller(subject=user.name))
    await use_cases.sessions.delete_session(
        second, Caller(subject="users/x", roles=frozenset({"ADMIN"}))
    )
    assert await use_cases.sessions.list_sessions(user.id, None, 10) == []
    with pytest.raises(NotFoundError):
        await use_cases.sessions.delete_session(first, Caller(subject=user.name))
