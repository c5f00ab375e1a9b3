from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from services.users.domain.sessions import Session
from tests.services.users.domain.test_accounts import TIME, USER

SESSION = Session(
    id=UUID(int=2),
    user_id=USER.id,
    refresh_hash=b"current",
    spent_hash=b"spent",
    create_time=TIME,
    refresh_time=TIME,
    expire_time=TIME + timedelta(days=30),
)


@pytest.mark.parametrize(
    ("given", "user", "after", "accepted"),
    [
        (b"current", USER, timedelta(days=29), True),
        (b"current", USER, timedelta(days=30), False),
        (b"spent", USER, timedelta(), False),
        (b"current", replace(USER, state="SUSPENDED"), timedelta(), False),
        (b"current", replace(USER, delete_time=TIME), timedelta(), False),
    ],
)
def test_only_the_current_token_of_a_usable_user_renews(given, user, after, accepted):
    assert SESSION.accepts_token(given, user, TIME + after) is accepted


def test_names():
    assert SESSION.name == "sessions/00000000-0000-0000-0000-000000000002"
    assert SESSION.user == USER.name
