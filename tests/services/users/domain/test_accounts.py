from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.kernel.errors import InvalidArgumentError
from services.users.domain.accounts import (
    NewUser,
    User,
    check_changes,
    check_new_user,
    loses_admin,
    start_of_today,
)

TIME = datetime(2026, 1, 1, tzinfo=UTC)
USER = User(
    id=UUID(int=1),
    login="taro",
    password_hash=None,
    display_name="太郎",
    roles=["ADMIN"],
    state="ACTIVE",
    telegram_id=None,
    telegram_username="",
    language_code="",
    create_time=TIME,
    update_time=TIME,
    delete_time=None,
    last_seen_time=None,
    version=3,
)


def fields_of(check, argument) -> list[str]:
    """Return the fields that the check finds wrong."""
    try:
        check(argument)
    except InvalidArgumentError as error:
        return [violation.field for violation in error.violations]
    return []


@pytest.mark.parametrize(
    ("user", "fields"),
    [
        (NewUser(), []),
        (NewUser(login="a-b_c.9", password="a long password", language_code="zh-Hant"), []),
        (NewUser(login="ab"), ["user.login"]),
        (NewUser(login="Taro"), ["user.login"]),
        (NewUser(login="x" * 65), ["user.login"]),
        (NewUser(display_name="x" * 100), []),
        (NewUser(display_name="x" * 101), ["user.display_name"]),
        (NewUser(display_name="a\nb"), ["user.display_name"]),
        (NewUser(roles=["SERVICE"]), ["user.roles"]),
        (NewUser(language_code="japanese!"), ["user.language_code"]),
        (NewUser(password="short"), ["password", "user.login"]),
        (NewUser(login="?", roles=["?"]), ["user.login", "user.roles"]),
    ],
)
def test_each_bad_field_of_a_new_user_is_named(user, fields):
    assert fields_of(check_new_user, user) == fields


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, []),
        ({"display_name": "", "roles": ["VIEWER"], "state": "SUSPENDED"}, []),
        ({"roles": ["SERVICE"], "language_code": "?"}, ["user.roles", "user.language_code"]),
        ({"state": "DELETED"}, ["user.state"]),
        ({"state": ""}, ["user.state"]),
    ],
)
def test_each_bad_field_of_a_change_is_named(changes, fields):
    assert fields_of(check_changes, changes) == fields


@pytest.mark.parametrize(
    ("user", "changes", "loses"),
    [
        (USER, {"display_name": "次郎"}, False),
        (USER, {"roles": ["ADMIN", "VIEWER"]}, False),
        (USER, {"roles": ["VIEWER"]}, True),
        (USER, {"roles": []}, True),
        (USER, {"state": "SUSPENDED"}, True),
        (replace(USER, roles=["VIEWER"]), {"state": "SUSPENDED"}, False),
        (replace(USER, state="SUSPENDED"), {"roles": []}, False),
        (replace(USER, delete_time=TIME), {"roles": []}, False),
    ],
)
def test_only_an_admin_that_can_sign_in_is_lost(user, changes, loses):
    assert loses_admin(user, changes) is loses


@pytest.mark.parametrize(
    ("state", "deleted", "usable", "shown"),
    [
        ("ACTIVE", None, True, "ACTIVE"),
        ("SUSPENDED", None, False, "SUSPENDED"),
        ("ACTIVE", TIME, False, "DELETED"),
        ("SUSPENDED", TIME, False, "DELETED"),
    ],
)
def test_a_deleted_user_is_not_usable_whatever_its_state(state, deleted, usable, shown):
    user = replace(USER, state=state, delete_time=deleted)
    assert (user.usable, user.public_state) == (usable, shown)


def test_name_and_etag():
    assert USER.name == "users/00000000-0000-0000-0000-000000000001"
    assert USER.etag == "3"


def test_today_begins_at_midnight_of_the_zone():
    now = datetime(2026, 1, 1, 16, 30, tzinfo=UTC)
    assert start_of_today(now, ZoneInfo("Asia/Tokyo")) == datetime(2026, 1, 1, 15, tzinfo=UTC)
    assert start_of_today(now, ZoneInfo("UTC")) == datetime(2026, 1, 1, tzinfo=UTC)
