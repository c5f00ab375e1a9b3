from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from google.type.money_pb2 import Money
from libral.policy.v1 import policy_pb2
from libral.users.v1 import users_pb2

from services.kernel.errors import InvalidArgumentError
from services.users.domain.api_keys import ApiKey
from services.users.domain.purchases import Purchase
from services.users.domain.sessions import AccessToken, SignedIn
from services.users.servicer import messages
from tests.services.users.domain.test_accounts import TIME, USER
from tests.services.users.domain.test_sessions import SESSION


@pytest.mark.parametrize(
    ("state", "deleted", "expected"),
    [
        ("ACTIVE", None, users_pb2.User.ACTIVE),
        ("SUSPENDED", None, users_pb2.User.SUSPENDED),
        ("SUSPENDED", TIME, users_pb2.User.DELETED),
    ],
)
def test_a_user(state, deleted, expected):
    message = messages.user_message(replace(USER, state=state, delete_time=deleted))
    assert message.state == expected
    assert message.HasField("delete_time") is (deleted is not None)
    assert (message.name, message.etag) == (USER.name, "3")
    assert (message.login, message.telegram_id) == ("taro", 0)
    assert list(message.roles) == [policy_pb2.ADMIN]
    assert message.create_time.ToJsonString() == "2026-01-01T00:00:00Z"
    assert not message.HasField("last_seen_time")


def test_a_purchase_is_money():
    message = messages.purchase_message(Purchase(USER.id, "USD", 2, 1, 1999, 5))
    assert message.name == f"{USER.name}/purchases/USD"
    assert message.paid_amount == Money(currency_code="USD", units=19, nanos=990_000_000)
    assert message.refunded_amount == Money(currency_code="USD", nanos=50_000_000)
    assert (message.payment_count, message.refund_count) == (2, 1)


@pytest.mark.parametrize("current", [True, False])
def test_a_session_of_the_caller_is_the_current_one(current):
    message = messages.session_message(SESSION, SESSION.name if current else "sessions/other")
    assert (message.name, message.user, message.current) == (SESSION.name, USER.name, current)
    assert b"current" not in message.SerializeToString()


def test_an_api_key_has_its_secret_only_when_it_is_given():
    key = ApiKey(UUID(int=3), "会計", ["a.read"], b"hash", TIME, None, None)
    message = messages.api_key_message(key)
    assert (message.name, message.secret) == (key.name, "")
    assert not message.HasField("expire_time")
    assert messages.api_key_message(key, "lbk_x").secret == "lbk_x"
    assert b"hash" not in message.SerializeToString()


def test_tokens():
    access = AccessToken("token", TIME)
    alone = messages.access_message(access)
    assert (alone.access_token, alone.expire_time.ToDatetime()) == ("token", naive(TIME))
    assert not alone.HasField("user")
    later = TIME + timedelta(days=30)
    pair = messages.pair_message(SignedIn(USER, access, "refresh", later))
    assert (pair.access_token, pair.refresh_token) == ("token", "refresh")
    assert pair.refresh_expire_time.ToDatetime() == naive(later)
    assert pair.user == messages.user_message(USER)


def naive(time):
    return time.replace(tzinfo=None)


def test_the_key_set_holds_one_ed25519_key():
    (key,) = messages.key_set_message("x", "id").keys
    assert (key.kty, key.crv, key.alg, key.use) == ("OKP", "Ed25519", "EdDSA", "sig")
    assert (key.x, key.kid) == ("x", "id")


def test_a_page_begins_after_the_last_of_the_page_before():
    request = users_pb2.ListUsersRequest(query="太郎", page_size=1)
    page = messages.page_by_time(request)
    assert page.cursor is None
    shown, request.page_token = page.split_page([USER, USER], messages.time_cursor)
    assert shown == [USER]
    assert messages.page_by_time(request).cursor == (TIME, USER.id)
    request.query = "次郎"
    with pytest.raises(InvalidArgumentError):
        messages.page_by_time(request)
