"""Titles, notes and rows of events."""

from importlib import import_module
from zoneinfo import ZoneInfo

import pytest
from libral.policy.v1 import policy_pb2

from dashboard import text
from dashboard.api.events import Event
from dashboard.event_rows import (
    COLUMNS,
    KNOWN_MAX,
    EventRowCache,
    data_text,
    event_note,
    event_row,
)
from deploy.local.programs import SERVICES

CONTRACTS = [import_module(f"libral.{name}.v1.{name}_pb2") for name in SERVICES]
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
def test_an_event_has_a_note(event, note):
    assert event_note(Event.parse(event)) == note


@pytest.mark.parametrize(
    ("event", "note"),
    [
        ({"data": {"currency": "XTR", "amount": "100"}}, "100 ⭐"),
        ({"subject": "payments/1", "data": {"currency": "USD", "amount": "100"}}, "payments/1"),
        (
            {
                "type": "reaction.buried",
                "data": {"consumer": "users", "type": "payment.completed"},
            },
            "ユーザーサービス：決済完了",
        ),
        ({"type": "module.state_changed", "subject": "modules/users"}, "ユーザーサービス：不明"),
    ],
)
def test_a_note_has_the_words_of_its_kind(event, note):
    assert event_note(Event.parse(event)) == note


def test_a_row_has_a_text_for_each_column():
    event = Event.parse({"id": "e", "position": "7", "level": "FATAL", "category": "SECRET"})
    key, tone, *cells = event_row(event, ZoneInfo("UTC"))
    assert (key, tone) == ("e", "")
    shown = dict(zip(COLUMNS, cells, strict=True))
    assert (shown["key"], shown["level"], shown["category"]) == ("7", "不明", "不明")
    assert event_row(Event.parse({"level": "ERROR"}), ZoneInfo("UTC"))[1] == "bad"


def test_a_row_is_made_once_for_each_event():
    rows = EventRowCache(ZoneInfo("UTC"))
    first = Event.parse({"id": "e", "position": 1})
    assert rows.row_of(first) is rows.row_of(Event.parse({"id": "e", "position": 1}))
    for number in range(KNOWN_MAX + 1):
        rows.row_of(Event.parse({"id": str(number)}))
    assert rows.row_of(first)[2] == "1"


def test_data_is_written_as_the_log_stores_it():
    assert data_text(Event.parse({"data": {"n": 7.0, "x": "あ"}})) == '{"n":7,"x":"あ"}'
