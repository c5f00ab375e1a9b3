"""What an operator reads is Japanese, whatever happened."""

import pytest
from libral.events.v1 import events_pb2
from libral.metrics.v1 import metrics_pb2
from libral.payments.v1 import payments_pb2
from libral.policy.v1 import policy_pb2
from libral.telegram.v1 import telegram_pb2
from libral.users.v1 import users_pb2

from dashboard import text
from dashboard.parts.events import event_note
from dashboard.parts.modules import reason_words
from services.metrics.domain.modules import Check, Observation, Process, judge

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
    assert audited == text.METHODS.keys()


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
    assert event_note(event) == note


def observed(check: Check | None, **changes) -> Observation:
    known = {"process": None, "age_seconds": 100.0, "cpu": None, "crashed": False}
    return Observation(check=check, **(known | changes))


SERVING = Check(serving=True, refused=False, latency_seconds=0.01)
SILENT = Check(serving=False, refused=False, latency_seconds=1.0)


@pytest.mark.parametrize(
    "seen",
    [
        observed(None),
        observed(SILENT),
        observed(SILENT, crashed=True),
        observed(SILENT, process=Process("RUNNING", 1, None, ""), age_seconds=1.0),
        observed(SILENT, process=Process("STOPPED", 0, None, "")),
        observed(SILENT, process=Process("FATAL", 0, None, "")),
        observed(Check(serving=False, refused=True, latency_seconds=0.0)),
        observed(Check(serving=True, refused=False, latency_seconds=0.7)),
        observed(SERVING, cpu=0.95),
    ],
)
def test_every_reason_of_a_state_has_words(seen):
    _, reason = judge(seen)
    assert reason
    words = reason_words({"reason": reason.message})
    assert words != reason.message
    assert words.endswith("。")
