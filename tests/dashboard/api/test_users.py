from google.protobuf import json_format
from libral.policy.v1 import policy_pb2
from libral.users.v1 import users_pb2

from dashboard.api.users import User, UserStats


def test_a_user_has_its_roles():
    message = users_pb2.User(
        name="users/1", login="hanako", roles=[policy_pb2.ADMIN], state=users_pb2.User.ACTIVE
    )
    found = User.parse(json_format.MessageToDict(message))
    assert (found.name, found.login, found.roles, found.state) == (
        "users/1",
        "hanako",
        ("ADMIN",),
        "ACTIVE",
    )


def test_an_account_without_telegram_has_no_id_there():
    assert User.parse({"telegramId": "0"}).telegram_id is None
    assert User.parse({"telegramId": "42"}).telegram_id == 42


def test_counts_that_are_missing_are_not_zero():
    message = users_pb2.UserStats(total_count=5)
    assert UserStats.parse(json_format.MessageToDict(message)) == UserStats(5, None, None, None)
