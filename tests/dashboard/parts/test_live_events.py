from zoneinfo import ZoneInfo

import pytest

from dashboard.api.events import Event
from dashboard.event_rows import EventRowCache
from dashboard.parts.live_events import ROWS_MAX, LiveListFeeder


class ShownList:
    """Records the positions of its rows."""

    def __init__(self) -> None:
        self.positions: list[int] = []

    def fill(self, rows) -> None:
        self.positions = [int(row[2]) for row in rows]

    def push(self, rows) -> None:
        self.positions = [int(row[2]) for row in rows] + self.positions


@pytest.fixture
def shown() -> ShownList:
    return ShownList()


@pytest.fixture
def live(shown) -> LiveListFeeder:
    return LiveListFeeder(EventRowCache(ZoneInfo("UTC")), shown, lambda: None)


def events(*positions: int) -> list[Event]:
    return [Event.parse({"id": str(n), "position": n}) for n in positions]


def test_events_that_were_not_checked_do_not_show(live, shown):
    live.fill(events(2, 1))
    live.take(events(3, 4))
    assert not live.checks
    assert shown.positions == [2, 1]
    live.check_with(lambda event: event.position != 4)
    live.take(events(5))
    assert shown.positions == [5, 3, 2, 1]
    assert live.checks


def test_events_wait_until_the_list_is_filled_and_show_once(live, shown):
    live.check_with(lambda _: True)
    live.take(events(3, 4))
    assert shown.positions == []
    live.fill(events(3, 2))
    live.take(events(4))
    assert shown.positions == [4, 3, 2]
    assert live.count == 3


def test_a_pause_counts_and_keeps_the_newest(live, shown):
    live.check_with(lambda _: True)
    live.fill([])
    live.pause(paused=True)
    live.take(events(*range(1, ROWS_MAX + 51)))
    assert shown.positions == []
    assert live.waiting_count == ROWS_MAX + 50
    assert not live.beyond
    live.pause(paused=False)
    assert shown.positions == list(range(ROWS_MAX + 50, 50, -1))
    assert live.waiting_count == 0
    assert live.beyond
    assert live.count == ROWS_MAX
