import pytest
from libral.policy.v1 import policy_pb2
from libral.users.v1 import users_pb2
from nicegui import ui

HANAKO = users_pb2.User(
    name="users/1",
    login="hanako",
    display_name="花子",
    roles=[policy_pb2.OPERATOR, policy_pb2.VIEWER],
    state=users_pb2.User.ACTIVE,
    telegram_id=42,
)
BARE = {"name": "users/2", "state": "ASLEEP", "roles": ["KING"]}


@pytest.fixture(autouse=True)
def replies(gateway):
    page = users_pb2.ListUsersResponse(users=[HANAKO], next_page_token="more")
    gateway.replies |= {
        "/v1/users": page,
        "/v1/users:stats": users_pb2.UserStats(total_count=1234, active_5m_count=3),
        "/v1/users/1": HANAKO,
    }


async def test_users_and_their_counts_are_listed(browser):
    await browser.open("/users?role=OPERATOR&q=ha")
    await browser.sees("1,234")
    (row,) = browser.rows()
    assert row["name"] == "花子"
    assert row["roles"] == "運用担当者、閲覧者"
    assert (row["state"], row["tone"]) == ("有効", "good")
    assert row["telegram"] == "42"
    assert row["seen"] == "—"
    assert browser.gateway.asked("/v1/users") == [
        {"pageSize": "50", "role": "OPERATOR", "query": "ha"}
    ]
    (link,) = (one for one in browser.elements(ui.link) if one.text == "次のページ")
    assert link.props["href"] == "/users?role=OPERATOR&q=ha&page=more"


async def test_values_that_are_unknown_or_missing_are_named_so(browser):
    browser.gateway.replies |= {"/v1/users": {"users": [BARE]}, "/v1/users:stats": {}}
    await browser.open("/users")
    await browser.sees("データなし")
    (row,) = browser.rows()
    assert (row["state"], row["tone"], row["roles"]) == ("不明", "", "不明")
    assert (row["name"], row["telegram"]) == ("—", "—")


async def test_an_address_opens_a_user(browser):
    await browser.open("/users?user=1")
    await browser.sees("ユーザー名")
    assert browser.fact("ユーザー名") == "hanako"
    assert browser.fact("Telegram ID") == "42"
