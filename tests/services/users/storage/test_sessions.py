from dataclasses import replace
from datetime import timedelta

import pytest

from services.kernel.clock import new_id
from services.users.domain.sessions import Session
from services.users.storage import sessions as storage
from tests.services.users.domain.test_sessions import SESSION


@pytest.fixture
async def session(use_cases) -> Session:
    user, now = await use_cases.create_user("taro"), use_cases.clock.now()
    expire = now + timedelta(days=1)
    session = replace(
        SESSION, user_id=user.id, create_time=now, refresh_time=now, expire_time=expire
    )
    async with use_cases.database.transaction() as connection:
        await storage.insert_session(connection, session)
    return session


async def test_a_session_is_found_by_either_hash(use_cases, session):
    async with use_cases.database.transaction() as connection:
        assert await storage.find_session(connection, session.id) == session
        assert await storage.lock_session(connection, b"current") == session
        assert await storage.lock_session(connection, b"spent") == session
        assert await storage.lock_session(connection, b"other") is None


async def test_rotation_keeps_the_spent_hash(use_cases, session):
    now = session.create_time + timedelta(hours=1)
    expire = now + timedelta(days=1)
    async with use_cases.database.transaction() as connection:
        rotated = await storage.rotate_session(connection, session, b"next", now, expire)
        assert await storage.lock_session(connection, b"spent") is None
        assert await storage.lock_session(connection, b"current") == rotated
    assert rotated == replace(
        session,
        refresh_hash=b"next",
        spent_hash=b"current",
        refresh_time=now,
        expire_time=expire,
    )


async def test_expired_sessions_are_not_listed(use_cases, session):
    async with use_cases.database.reading() as connection:
        for now, expected in (
            (session.create_time, [session]),
            (session.expire_time, []),
        ):
            found = await storage.list_sessions(connection, session.user_id, now, None, 10)
            assert found == expected


@pytest.mark.parametrize("by", ["id", "user_id"])
async def test_sessions_are_deleted_by_id_or_user(use_cases, session, by):
    other_user = await use_cases.create_user("jiro")
    other = replace(
        session,
        id=new_id(use_cases.clock),
        user_id=other_user.id,
        refresh_hash=b"other",
        spent_hash=None,
    )
    async with use_cases.database.transaction() as connection:
        await storage.insert_session(connection, other)
        await storage.delete_sessions(connection, **{by: getattr(session, by)})
        assert await storage.find_session(connection, session.id) is None
        assert await storage.find_session(connection, other.id) == other
