from datetime import UTC, datetime
from uuid import uuid4

from services.events.domain import recent
from services.events.domain.entries import LogEntry
from services.events.domain.recent import RecentEvents

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def placed(position: int) -> tuple[LogEntry, int]:
    entry = LogEntry(
        uuid4(), "a.b", "users", "", 1, 2, "", "", NOON, "{}" * 50, NOON, position, bytes(32)
    )
    return entry, position


def positions(events) -> list[int] | None:
    return events and [entry.position for entry, _ in events]


def test_recent_events_have_no_gap(monkeypatch):
    monkeypatch.setattr(recent, "EVENTS_MAX", 4)
    ring = RecentEvents()
    assert ring.list_after(0, 10) is None
    assert ring.append_next([placed(5), placed(6)])
    assert not ring.append_next([placed(8)])
    assert ring.append_next([placed(7)])
    assert positions(ring.list_after(4, 10)) == [5, 6, 7]
    assert positions(ring.list_after(5, 1)) == [6]
    assert ring.list_after(3, 10) is None
    assert ring.list_after(7, 10) is None
    assert ring.append_next([placed(8), placed(9)])
    assert ring.list_after(4, 10) is None
    assert positions(ring.list_after(5, 10)) == [6, 7, 8, 9]


def test_recent_events_are_bounded_by_bytes(monkeypatch):
    monkeypatch.setattr(recent, "BYTES_MAX", 250)
    ring = RecentEvents()
    for number in range(1, 6):
        ring.append_next([placed(number)])
    assert positions(ring.list_after(3, 10)) == [4, 5]
    assert ring.list_after(2, 10) is None
