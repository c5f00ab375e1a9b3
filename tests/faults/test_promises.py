"""Each check detects its violation in a constructed history."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from services.events.domain.entries import Head, LogEntry, chain_entries
from tests.faults.history import History
from tests.faults.promises import chain as log
from tests.faults.promises import streams, writes
from tests.faults.promises.evidence import Evidence

NOW = datetime(2026, 1, 2, tzinfo=UTC)
USER = "users/0199"


def entry(kind: str, subject: str = "", data: str = "{}", **fields) -> LogEntry:
    return LogEntry(
        id=uuid4(),
        type=kind,
        source="users",
        subject=subject,
        category=1,
        level=2,
        actor="",
        request_id="",
        time=NOW,
        data=data,
        **fields,
    )


def evidence(history: History, entries: list[LogEntry], subscribers=()) -> Evidence:
    placed, head = chain_entries(Head(), entries, NOW)
    return Evidence(None, None, history, subscribers, None, placed, head, ())


def appended(*numbers: int) -> list[LogEntry]:
    return [entry("faults.appended", "keys/1", f'{{"number":{n}}}') for n in numbers]


def follower(*ids: str):
    return SimpleNamespace(name="sse", ids=list(ids), position=len(ids), defects=[])


@pytest.fixture
def history() -> History:
    return History()


def test_an_append_that_is_lost_or_elsewhere(history):
    entries = appended(1, 2)
    operation = history.begin("keys/1", "append", ids=[str(each.id) for each in entries])
    operation.values["positions"] = [1, 2]
    history.acknowledge(operation)
    assert not writes.appends_once(evidence(history, entries)).violations
    assert len(writes.appends_once(evidence(history, entries[:1])).violations) == 1
    assert len(writes.appends_once(evidence(history, entries[::-1])).violations) == 2


@pytest.mark.parametrize("numbers", [(2, 1), (1, 3), (1, 1, 2)])
def test_numbers_of_a_key_out_of_order(history, numbers):
    assert writes.order_of_appends(evidence(history, appended(*numbers))).violations
    assert not writes.order_of_appends(evidence(history, appended(1, 2, 3))).violations


def test_a_write_with_two_events_or_none(history):
    operation = history.begin("login", "create", name=USER, displayName="login 0")
    history.acknowledge(operation)
    events = entry("user.created", USER, '{"displayName":"login 0"}')
    for number, broken in ((0, 1), (1, 0), (2, 1)):
        finding = writes.user_events_once(evidence(history, [events] * number))
        assert len(finding.violations) == broken


def test_rows_of_an_outbox_out_of_order(history):
    rows = [entry("faults.late", "late/1") for _ in range(2)]
    for sequence, row in enumerate(rows):
        operation = history.begin("late/1", "late", id=str(row.id), sequence=sequence)
        history.acknowledge(operation)
    assert not writes.order_of_late_rows(evidence(history, rows)).violations
    assert writes.order_of_late_rows(evidence(history, rows[::-1])).violations


def test_an_operation_without_an_end(history):
    history.begin("login", "create")
    assert writes.every_operation_ends(evidence(history, [])).violations


def test_a_gap_an_edit_and_a_lost_tail(history):
    whole = evidence(history, appended(1, 2, 3))
    for check in (log.positions, log.ids, log.times, log.hashes):
        assert not check(whole).violations
    gap = replace(whole, entries=[*whole.entries[:1], *whole.entries[2:]])
    assert log.positions(gap).violations
    edit = replace(whole, entries=[whole.entries[0]._replace(actor="me"), *whole.entries[1:]])
    assert log.hashes(edit).violations
    late = whole.entries[1]._replace(append_time=NOW - timedelta(hours=1))
    back = replace(whole, entries=[whole.entries[0], late])
    assert log.times(back).violations
    tail = replace(whole, entries=whole.entries[:2])
    assert log.positions(tail).violations
    assert log.hashes(tail).violations
    twice = replace(whole, entries=[*whole.entries, whole.entries[0]])
    assert log.ids(twice).violations


def test_a_subscriber_that_saw_too_little_or_something_else(history):
    entries = appended(1, 2)
    ids = [str(each.id) for each in entries]
    for seen, broken in ((ids, 0), (ids[:1], 1), ([ids[1], ids[0]], 1), ([ids[0], ""], 0)):
        [finding] = streams.check(evidence(history, entries, [follower(*seen)]))
        assert len(finding.violations) == broken


def test_the_history_of_a_key_includes_the_faults_around_it(history):
    operation = history.begin("login", "create")
    history.record_fault("kill", "users (pid 1)").ended = history.now()
    history.record_attempt(operation, "503")
    history.acknowledge(operation)
    events = "\n".join(history.describe_key("login"))
    assert "create login" in events
    assert "create → 503" in events
    assert "kill users (pid 1)" in events
    assert not history.describe_key("another")
