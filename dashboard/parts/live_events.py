"""The events of a search in a live list: stored events and new ones."""

from collections import deque
from collections.abc import Callable, Sequence

from dashboard.api.events import Event
from dashboard.event_rows import EventRow, EventRowCache
from dashboard.parts.live_list import LiveList

ROWS_MAX = 200
UNCHECKED_MAX = 1000

Matches = Callable[[Event], bool]


class LiveListFeeder:
    """Fills a live list with stored events, and feeds new ones to it.

    New events wait while the list is paused or not yet filled, and until the search is known as a
    function that can check them.
    """

    def __init__(self, rows: EventRowCache, shown: LiveList, on_change: Callable[[], None]) -> None:
        self._rows = rows
        self._list = shown
        self._on_change = on_change
        self._waiting: deque[tuple[int, EventRow]] = deque(maxlen=ROWS_MAX)
        self._shown = 0
        self._top = 0
        self._unchecked: deque[Event] = deque(maxlen=UNCHECKED_MAX)
        self._matches: Matches | None = None
        self.filled = False
        self.paused = False
        self.waiting_count = 0

    @property
    def beyond(self) -> bool:
        """True if rows were dropped from the end since the list was filled."""
        return self._shown > ROWS_MAX

    @property
    def count(self) -> int:
        """The number of events that are shown or waiting."""
        return min(self._shown, ROWS_MAX) + self.waiting_count

    @property
    def checks(self) -> bool:
        """True if new events can be checked against the search."""
        return self._matches is not None

    def check_with(self, matches: Matches) -> None:
        """Use `matches` for all new events, including those that arrived before."""
        self._matches = matches
        self.take(list(self._unchecked))
        self._unchecked.clear()

    def fill(self, events: Sequence[Event]) -> None:
        """Show events of the log, newest first."""
        self._top = max((event.position for event in events), default=0)
        self._shown = len(events)
        self._list.fill([self._rows.row_of(event) for event in events])
        self.filled = True
        waiting = [one for one in self._waiting if one[0] > self._top]
        self._waiting = deque(waiting, maxlen=ROWS_MAX)
        self.waiting_count = len(waiting)
        self._show()

    def take(self, events: Sequence[Event]) -> None:
        """Add new events, oldest first."""
        matches = self._matches
        if matches is None:
            self._unchecked.extend(events)
            return
        found = [
            (event.position, self._rows.row_of(event))
            for event in events
            if event.position > self._top and matches(event)
        ]
        if found:
            self._waiting.extend(found)
            self.waiting_count += len(found)
            self._show()

    def pause(self, *, paused: bool) -> None:
        """Hold back new events, or show those that have waited."""
        self.paused = paused
        self._show()

    def _show(self) -> None:
        if self.filled and not self.paused and self.waiting_count:
            self._top = self._waiting[-1][0]
            self._list.push([row for _, row in reversed(self._waiting)])
            self._shown += self.waiting_count
            self._waiting.clear()
            self.waiting_count = 0
        self._on_change()
