"""What an operator reads is Japanese, whatever happened."""

import pytest
from libral.events.v1 import events_pb2
from libral.metrics.v1 import metrics_pb2
from libral.payments.v1 import payments_pb2
from libral.policy.v1 import policy_pb2
from libral.telegram.v1 import telegram_pb2
from libral.users.v1 import users_pb2

from dashboard import text
from dashboard.api.events import Event
from dashboard.event_rows import event_note

CONTRACTS = (events_pb2, metrics_pb2, payments_pb2, telegram_pb2, users_pb2)
STOPPED = {"type": "audit.call", "subject": "modules/users", "data": {"method": "/x/StopModule"}}


def test_every_audited_method_has_words():
    audited = {
        method.name
        for contract in CONTRACTS
        for service in contract.DESCRIPTOR.services_by_name.values()
        for method in service.methods
        if method.GetOptions().Extensions[policy_pb2.rule].audited
    }
    assert audited == text.events.METHODS.keys()


@pytest.mark.parametrize(
    ("event", "note"),
    [
        (STOPPED, "モジュールの停止：ユーザーサービス"),
        (
            STOPPED | {"data": {"method": "/x/Login", "code": 16}},
            "サインイン：ユーザーサービス（失敗）",
        ),
        ({"subject": "users/1", "data": {"displayName": "花子 山田"}}, "花子 山田"),
        ({"subject": "users/1", "data": {}}, "users/1"),
        ({"subject": "modules/else", "data": {}}, "modules/else"),
        (
            {
                "type": "module.state_changed",
                "subject": "modules/valkey",
                "data": {"from": "HEALTHY", "to": "ERROR"},
            },
            "キャッシュ：エラー",
        ),
    ],
)
def test_an_event_says_what_it_is_about(event, note):
    assert event_note(Event.parse(event)) == note
