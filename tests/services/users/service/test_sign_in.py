from dataclasses import replace
from datetime import timedelta

import pytest

from services.kernel.errors import (
    FailedPreconditionError,
    ResourceExhaustedError,
    UnauthenticatedError,
)
from services.users.adapters import Passwords
from services.users.domain.accounts import NewUser
from services.users.domain.sign_in import ATTEMPTS_MAX
from services.users.service.sign_in import SignInService
from tests.services.helpers import BOT_TOKEN, PASSWORD
from tests.services.users.requests import init_data


async def test_a_password_opens_a_session(use_cases):
    user = await use_cases.create_user("taro")
    signed_in = await use_cases.sign_in.with_password("taro", PASSWORD)
    assert replace(signed_in.user, last_seen_time=None) == user
    renewed = await use_cases.sessions.renew_session(signed_in.refresh_token)
    assert renewed.user.id == user.id


@pytest.mark.parametrize("login", ["taro", "nobody", "passwordless"])
async def test_failures_have_one_reason(use_cases, login):
    await use_cases.create_user("taro")
    without = await use_cases.accounts.prepare_user(NewUser(login="passwordless"))
    async with use_cases.database.transaction() as connection:
        await use_cases.accounts.create_user(connection, without)
    with pytest.raises(UnauthenticatedError) as error:
        await use_cases.sign_in.with_password(login, "a wrong password")
    assert error.value.reason == "CREDENTIALS_INVALID"


async def test_a_suspended_user_does_not_sign_in(use_cases):
    user = await use_cases.create_user("taro")
    await use_cases.accounts.update_user(user.id, {"state": "SUSPENDED"})
    with pytest.raises(UnauthenticatedError) as error:
        await use_cases.sign_in.with_password("taro", PASSWORD)
    assert error.value.reason == "CREDENTIALS_INVALID"


async def test_a_login_is_barred_for_a_minute(use_cases):
    await use_cases.create_user("taro")
    for _ in range(ATTEMPTS_MAX):
        with pytest.raises(UnauthenticatedError):
            await use_cases.sign_in.with_password("taro", "a wrong password")
    with pytest.raises(ResourceExhaustedError):
        await use_cases.sign_in.with_password("taro", PASSWORD)
    use_cases.clock.time += timedelta(minutes=1)
    await use_cases.sign_in.with_password("taro", PASSWORD)


async def test_telegram_signs_in_to_one_account(use_cases):
    first = await use_cases.sign_in.with_telegram(init_data(BOT_TOKEN))
    again = await use_cases.sign_in.with_telegram(init_data(BOT_TOKEN))
    assert (first.user.telegram_id, first.user.display_name) == (42, "太郎")
    assert again.user.id == first.user.id


async def test_a_suspended_telegram_user_gets_no_session(use_cases):
    user = await use_cases.record_telegram_user(42)
    await use_cases.accounts.update_user(user.id, {"state": "SUSPENDED"})
    with pytest.raises(UnauthenticatedError) as error:
        await use_cases.sign_in.with_telegram(init_data(BOT_TOKEN))
    assert error.value.reason == "SESSION_OVER"
    assert await use_cases.sessions.list_sessions(user.id, None, 10) == []


async def test_without_a_bot_telegram_cannot_sign_in(use_cases):
    sign_in = SignInService(
        use_cases.database,
        use_cases.clock,
        use_cases.accounts,
        use_cases.sessions,
        Passwords(),
        bot_token="",
    )
    with pytest.raises(FailedPreconditionError) as error:
        await sign_in.with_telegram(init_data(""))
    assert error.value.reason == "BOT_UNCONFIGURED"
