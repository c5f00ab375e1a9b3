from datetime import timedelta
from uuid import uuid4

import pytest

from services.users.domain.api_keys import ApiKey
from services.users.storage import api_keys as storage


@pytest.fixture
async def keys(use_cases) -> list[ApiKey]:
    """Keys, each a second newer than the one before. The first expires after an hour."""
    start, keys = use_cases.clock.now(), []
    for number in range(3):
        time = start + timedelta(seconds=number)
        expire = start + timedelta(hours=1) if number == 0 else None
        secret_hash = f"hash{number}".encode()
        keys.append(ApiKey(uuid4(), f"key{number}", ["a.read"], secret_hash, time, expire, None))
    async with use_cases.database.transaction() as connection:
        for key in keys:
            await storage.insert_api_key(connection, key)
    return keys


async def test_keys_are_listed_the_newest_first_in_pages(use_cases, keys):
    async with use_cases.database.reading() as connection:
        assert await storage.list_api_keys(connection, None, 10) == keys[::-1]
        assert await storage.list_api_keys(connection, None, 1) == keys[2:]
        before = (keys[2].create_time, keys[2].id)
        assert await storage.list_api_keys(connection, before, 10) == keys[1::-1]


async def test_the_use_of_a_live_key_is_recorded(use_cases, keys):
    start = keys[0].create_time
    async with use_cases.database.transaction() as connection:
        used = await storage.use_api_key(connection, b"hash0", start + timedelta(minutes=59))
        assert used.last_use_time == start + timedelta(minutes=59)
        assert await storage.use_api_key(connection, b"hash0", start + timedelta(hours=1)) is None
        assert await storage.use_api_key(connection, b"hash1", start + timedelta(days=999))
        assert await storage.use_api_key(connection, b"other", start) is None


async def test_a_key_is_deleted_once(use_cases, keys):
    async with use_cases.database.transaction() as connection:
        assert await storage.delete_api_key(connection, keys[1].id)
        assert not await storage.delete_api_key(connection, keys[1].id)
        assert await storage.list_api_keys(connection, None, 10) == [keys[2], keys[0]]
