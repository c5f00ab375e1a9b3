from dashboard.api.events import Event
from dashboard.parts.links import LINKS_MAX, links_of


def test_each_name_leads_somewhere_once():
    event = Event.parse(
        {
            "subject": "users/1",
            "actor": "services/users",
            "data": {"user": "users/1", "of": ["payments/p-1", "modules/valkey", "users/a b"]},
        }
    )
    assert links_of(event) == [
        ("ユーザー 1 のイベント", "/events?user=users%2F1"),
        ("ユーザー 1", "/users?user=1"),
        ("決済 p-1", "/payments?payment=p-1"),
        ("モジュール キャッシュ", "/modules?module=valkey"),
    ]


def test_an_event_that_names_many_has_some_links():
    event = Event.parse({"data": {"of": [f"payments/{n}" for n in range(50)]}})
    assert len(links_of(event)) == LINKS_MAX
    assert links_of(Event.parse({"subject": "javascript:alert(1)"})) == []
