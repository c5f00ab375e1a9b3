from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from services.common.settings import SettingsError
from services.kernel.errors import (
    AbortedError,
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    UnauthenticatedError,
)
from services.users.domain.accounts import NewUser, TelegramProfile, UserFilter
from tests.services.helpers import PASSWORD
from tests.services.users.requests import published

ALL = UserFilter()


async def data_of_last_event(service) -> dict:
    query = "SELECT data FROM users.outbox ORDER BY sequence DESC LIMIT 1"
    async with service.kernel.database.reading() as connection:
        return await connection.scalar(text(query))


async def admins(use_cases) -> list[str | None]:
    found = await use_cases.accounts.list_users(UserFilter(role="ADMIN"), None, 10)
    return [user.login for user in found]


async def test_a_created_account_is_read_and_published(use_cases, service):
    user = await use_cases.create_user("taro", display_name="太郎")
    assert await use_cases.accounts.get_user(user.id) == user
    assert (await published(service))[-1] == "user.created"
    assert await data_of_last_event(service) == {"displayName": "太郎", "state": "ACTIVE"}


async def test_a_login_is_taken_once_and_free_after_deletion(use_cases):
    user = await use_cases.create_user("taro")
    with pytest.raises(AlreadyExistsError) as error:
        await use_cases.create_user("taro")
    assert error.value.reason == "USER_EXISTS"
    await use_cases.accounts.delete_user(user.id)
    await use_cases.create_user("taro")
    with pytest.raises(AlreadyExistsError) as error:
        await use_cases.accounts.undelete_user(user.id)
    assert error.value.reason == "USER_EXISTS"


async def test_a_bad_account_is_not_prepared(use_cases):
    with pytest.raises(InvalidArgumentError) as error:
        await use_cases.accounts.prepare_user(NewUser(password=PASSWORD))
    assert [one.field for one in error.value.violations] == ["user.login"]


async def test_an_unknown_account_is_not_found(use_cases):
    missing = uuid4()
    accounts = use_cases.accounts
    for call in (
        accounts.get_user(missing),
        accounts.update_user(missing, {"display_name": "x"}),
        accounts.delete_user(missing),
        accounts.undelete_user(missing),
    ):
        with pytest.raises(NotFoundError) as error:
            await call
        assert error.value.metadata == {"name": f"users/{missing}"}


async def test_an_update_moves_version_and_time_and_names_the_fields(use_cases, service):
    user = await use_cases.create_user("taro")
    use_cases.clock.time += timedelta(minutes=1)
    changes = {"language_code": "ja", "display_name": "次郎"}
    changed = await use_cases.accounts.update_user(user.id, changes, user.etag)
    assert (changed.version, changed.update_time) == (2, use_cases.clock.time)
    assert (changed.display_name, changed.language_code) == ("次郎", "ja")
    assert (await data_of_last_event(service))["fields"] == ["display_name", "language_code"]
    with pytest.raises(AbortedError):
        await use_cases.accounts.update_user(user.id, {"display_name": "三郎"}, user.etag)
    assert await use_cases.accounts.get_user(user.id) == changed


async def test_a_bad_change_changes_nothing(use_cases, service):
    user = await use_cases.create_user("taro")
    before = await published(service)
    with pytest.raises(InvalidArgumentError):
        await use_cases.accounts.update_user(user.id, {"state": "DELETED"})
    assert await use_cases.accounts.get_user(user.id) == user
    assert await published(service) == before


@pytest.mark.parametrize("change", ["suspend", "delete"])
async def test_a_barred_user_loses_its_sessions(use_cases, change):
    user = await use_cases.create_user("taro")
    token = (await use_cases.open_session(user)).refresh_token
    if change == "suspend":
        await use_cases.accounts.update_user(user.id, {"state": "SUSPENDED"})
    else:
        await use_cases.accounts.delete_user(user.id)
    assert await use_cases.sessions.list_sessions(user.id, None, 10) == []
    with pytest.raises(UnauthenticatedError):
        await use_cases.sessions.renew_session(token)


async def test_a_deleted_user_is_hidden_until_it_is_restored(use_cases):
    user = await use_cases.create_user("taro")
    deleted = await use_cases.accounts.delete_user(user.id)
    assert deleted.delete_time == use_cases.clock.time
    with pytest.raises(NotFoundError):
        await use_cases.accounts.delete_user(user.id)
    assert user.id not in {one.id for one in await use_cases.accounts.list_users(ALL, None, 10)}
    restored = await use_cases.accounts.undelete_user(user.id)
    assert (restored.delete_time, restored.version) == (None, 3)
    with pytest.raises(AlreadyExistsError) as error:
        await use_cases.accounts.undelete_user(user.id)
    assert error.value.reason == "USER_NOT_DELETED"


async def test_the_last_admin_stays_and_another_may_go(use_cases):
    (first,) = await use_cases.accounts.list_users(UserFilter(role="ADMIN"), None, 10)
    for refused in (
        use_cases.accounts.delete_user(first.id),
        use_cases.accounts.update_user(first.id, {"state": "SUSPENDED"}),
        use_cases.accounts.update_user(first.id, {"roles": ["VIEWER"]}),
    ):
        with pytest.raises(FailedPreconditionError) as error:
            await refused
        assert error.value.reason == "LAST_ADMIN"
    await use_cases.create_user("second", roles=["ADMIN"])
    await use_cases.accounts.update_user(first.id, {"roles": ["VIEWER"]})
    assert await admins(use_cases) == ["second"]


async def test_the_first_admin_is_made_once(use_cases):
    await use_cases.accounts.make_first_admin("")
    assert await admins(use_cases) == ["admin"]


@pytest.mark.parametrize("password", ["", "too short"])
async def test_the_first_admin_needs_a_password(use_cases, password):
    async with use_cases.database.transaction() as connection:
        await connection.execute(text("DELETE FROM users.users"))
    with pytest.raises(SettingsError, match="LIBRAL_ADMIN_PASSWORD"):
        await use_cases.accounts.make_first_admin(password)
    assert await admins(use_cases) == []
    await use_cases.accounts.make_first_admin(PASSWORD)
    assert await admins(use_cases) == ["admin"]


async def test_a_telegram_user_is_created_then_updated(use_cases, service):
    seen = use_cases.clock.now()
    profile = TelegramProfile(42, "名" * 200, "hanako", "ja")
    user, created = await use_cases.accounts.record_telegram_user(profile, seen)
    assert created
    assert (user.display_name, user.last_seen_time) == ("名" * 100, seen)
    assert (await data_of_last_event(service))["telegramId"] == "42"
    later = TelegramProfile(42, telegram_username="hana")
    again, created = await use_cases.accounts.record_telegram_user(later, seen)
    assert not created
    assert (again.id, again.telegram_username) == (user.id, "hana")
    assert (again.display_name, again.language_code) == (user.display_name, "ja")
    assert (await published(service)).count("user.registered") == 1


@pytest.mark.parametrize("telegram_id", [0, -1])
async def test_a_telegram_id_is_above_0(use_cases, telegram_id):
    with pytest.raises(InvalidArgumentError):
        await use_cases.record_telegram_user(telegram_id)


async def test_counts(use_cases):
    await use_cases.record_telegram_user(1)
    use_cases.clock.time += timedelta(minutes=6)
    await use_cases.record_telegram_user(2)
    counts, time = await use_cases.accounts.count_users(ZoneInfo("Asia/Tokyo"))
    assert (counts.total, counts.active_5m, counts.active_24h) == (3, 1, 2)
    assert time == use_cases.clock.time
    assert await use_cases.accounts.count_active_users() == 1
