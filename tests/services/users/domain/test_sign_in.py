from datetime import UTC, datetime, timedelta

import pytest

from services.kernel.errors import ResourceExhaustedError, UnauthenticatedError
from services.users.domain.accounts import TelegramProfile
from services.users.domain.sign_in import (
    ATTEMPTS_MAX,
    LOGINS_MAX,
    FailedSignIns,
    check_init_data,
    read_profile,
)
from tests.services.helpers import BOT_TOKEN
from tests.services.users.requests import init_data

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def failed(login: str, times: int) -> FailedSignIns:
    failures = FailedSignIns()
    for _ in range(times):
        failures.record_failure(login, NOW)
    return failures


def test_the_tenth_failure_bars_a_login_for_a_minute():
    failed("taro", ATTEMPTS_MAX - 1).check_limit("taro", NOW)
    failures = failed("taro", ATTEMPTS_MAX)
    with pytest.raises(ResourceExhaustedError) as error:
        failures.check_limit("taro", NOW + timedelta(seconds=59))
    assert error.value.reason == "TOO_MANY_ATTEMPTS"
    failures.check_limit("jiro", NOW)
    failures.check_limit("taro", NOW + timedelta(seconds=60))


def test_the_oldest_login_is_forgotten():
    failures = failed("taro", ATTEMPTS_MAX)
    for number in range(LOGINS_MAX):
        failures.record_failure(f"user{number}", NOW)
    failures.check_limit("taro", NOW)


def test_signed_fields_are_returned():
    fields = check_init_data(init_data(BOT_TOKEN), BOT_TOKEN, datetime.now(UTC))
    assert set(fields) == {"auth_date", "user"}


@pytest.mark.parametrize("age", [301, -310])
def test_init_data_is_good_for_5_minutes(age):
    with pytest.raises(UnauthenticatedError):
        check_init_data(init_data(BOT_TOKEN, age), BOT_TOKEN, datetime.now(UTC))
    check_init_data(init_data(BOT_TOKEN, 290), BOT_TOKEN, datetime.now(UTC))


@pytest.mark.parametrize(
    "data",
    [
        "",
        "hash=",
        "auth_date=1&hash=é",
        "auth_date=²&hash=0",
        f"auth_date={'9' * 5000}&hash=0",
        init_data("1:other"),
    ],
)
def test_forged_init_data_is_refused(data):
    with pytest.raises(UnauthenticatedError) as error:
        check_init_data(data, BOT_TOKEN, datetime.now(UTC))
    assert error.value.reason == "INIT_DATA_INVALID"


@pytest.mark.parametrize(
    ("user", "profile"),
    [
        ('{"id": 42}', TelegramProfile(42)),
        ('{"id": 42, "last_name": "山田"}', TelegramProfile(42, "山田")),
        (
            '{"id": 42, "first_name": "太郎", "last_name": "山田", "username": "t"}',
            TelegramProfile(42, "太郎 山田", "t"),
        ),
        ('{"id": "42", "language_code": "ja"}', TelegramProfile(42, language_code="ja")),
    ],
)
def test_the_profile_is_read(user, profile):
    assert read_profile({"user": user}) == profile


@pytest.mark.parametrize("fields", [{}, {"user": "{"}, {"user": "{}"}, {"user": '{"id": "x"}'}])
def test_init_data_without_a_user_is_refused(fields):
    with pytest.raises(UnauthenticatedError):
        read_profile(fields)
