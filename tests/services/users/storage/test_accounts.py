import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from services.kernel.clock import new_id
from services.kernel.errors import AlreadyExistsError
from services.users.domain.accounts import User, UserFilter
from services.users.storage import accounts as storage
from tests.services.users.domain.test_accounts import USER


@pytest.fixture
async def users(use_cases) -> dict[str, User]:
    """Users by login, each a second newer than the one before, beside the first admin."""
    created = {}
    for login, fields in (
        ("taro", {"display_name": "山田太郎"}),
        ("hanako", {"telegram_username": "Hana_100%", "roles": ["VIEWER"]}),
        ("jiro", {"telegram_id": 42}),
    ):
        use_cases.clock.time += timedelta(seconds=1)
        created[login] = await use_cases.create_user(login, **fields)
    return created


@pytest.fixture
async def listed(use_cases, users):
    """Return the logins that a filter finds, without the first admin."""

    async def list_logins(before=None, limit=10, **fields) -> list[str | None]:
        async with use_cases.database.reading() as connection:
            found = await storage.list_users(connection, UserFilter(**fields), before, limit)
        return [user.login for user in found if user.login != "admin"]

    return list_logins


async def test_users_are_listed_the_newest_first_in_pages(users, listed):
    assert await listed() == ["jiro", "hanako", "taro"]
    assert await listed(limit=2) == ["jiro", "hanako"]
    last = users["hanako"]
    assert await listed(before=(last.create_time, last.id)) == ["taro"]


@pytest.mark.parametrize(
    ("query", "logins"),
    [
        ("太郎", ["taro"]),
        ("JIR", ["jiro"]),
        ("hana", ["hanako"]),
        ("100%", ["hanako"]),
        ("%", ["hanako"]),
        ("nobody", []),
    ],
)
async def test_text_is_found_in_names_as_it_stands(listed, query, logins):
    assert await listed(query=query) == logins


async def test_filters_of_role_state_and_deletion(use_cases, users, listed):
    assert await listed(role="VIEWER") == ["hanako"]
    await use_cases.accounts.update_user(users["taro"].id, {"state": "SUSPENDED"})
    await use_cases.accounts.delete_user(users["jiro"].id)
    assert await listed(state="SUSPENDED") == ["taro"]
    assert await listed() == ["hanako", "taro"]
    assert await listed(show_deleted=True) == ["jiro", "hanako", "taro"]
    assert await listed(deleted=True) == ["jiro"]


async def test_a_user_is_found_by_id_login_and_telegram_id(use_cases, users):
    database, taro, jiro = use_cases.database, users["taro"], users["jiro"]
    assert await storage.read_user(database, taro.id) == taro
    assert await storage.read_user(database, uuid4()) is None
    async with database.transaction() as connection:
        assert await storage.find_user(connection, taro.id) == taro
        assert await storage.find_user(connection, uuid4()) is None
        assert await storage.find_login(connection, "taro") == taro
        assert await storage.find_login(connection, "nobody") is None
        assert await storage.find_telegram_user(connection, 42) == jiro.id
        assert await storage.find_telegram_user(connection, 43) is None


async def test_a_locked_user_is_changed_by_one_transaction_at_a_time(use_cases, users):
    async def rename(name: str) -> None:
        async with use_cases.database.transaction() as connection:
            user = await storage.find_user(connection, users["taro"].id, lock=True)
            await asyncio.sleep(0.05)
            now = use_cases.clock.now()
            await storage.update_user(connection, user, now, display_name=user.display_name + name)

    await asyncio.gather(rename("a"), rename("b"))
    changed = await storage.read_user(use_cases.database, users["taro"].id)
    assert changed.display_name in {"山田太郎ab", "山田太郎ba"}
    assert changed.version == 3


@pytest.mark.parametrize("same", [{"login": "jiro"}, {"telegram_id": 42}])
async def test_login_and_telegram_id_are_unique(use_cases, users, same):
    user = replace(USER, **({"id": new_id(use_cases.clock), "login": "other"} | same))
    with pytest.raises(AlreadyExistsError):
        async with use_cases.database.transaction() as connection:
            await storage.insert_user(connection, user)


async def test_only_admins_that_can_sign_in_are_counted(use_cases):
    async def count() -> int:
        async with use_cases.database.reading() as connection:
            return await storage.count_admins(connection)

    second = await use_cases.create_user("second", roles=["VIEWER", "ADMIN"])
    third = await use_cases.create_user("third", roles=["ADMIN"])
    assert await count() == 3
    await use_cases.accounts.update_user(second.id, {"state": "SUSPENDED"})
    await use_cases.accounts.delete_user(third.id)
    assert await count() == 1


async def test_the_time_last_seen_never_goes_back(use_cases, users):
    database, user, now = use_cases.database, users["jiro"], use_cases.clock.now()
    async with database.transaction() as connection:
        await storage.touch_user(connection, user.id, now)
        await storage.touch_user(connection, user.id, now - timedelta(hours=1))
        assert (await storage.find_user(connection, user.id)).last_seen_time == now
        older = replace(user, id=new_id(use_cases.clock), last_seen_time=now - timedelta(hours=1))
        updated, created = await storage.upsert_telegram_user(connection, older)
    assert not created
    assert (updated.id, updated.last_seen_time) == (user.id, now)
