"""The events that a search finds, the newest on top, while more of them come."""

from collections import deque
from collections.abc import Callable, Sequence

from dashboard.gateway import Json
from dashboard.parts.events import Rows
from dashboard.parts.feed import Feed, FeedRow
from dashboard.parts.search import Search

ROWS_MAX = 200


class Live:
    """Fills a feed. While it is paused, or before it is filled, what comes waits."""

    def __init__(
        self, feed: Feed, search: Search, rows: Rows, on_change: Callable[[], None]
    ) -> None:
        self._feed = feed
        self._rows = rows
        self._search = search
        self._on_change = on_change
        self._waiting: deque[tuple[int, FeedRow]] = deque(maxlen=ROWS_MAX)
        self._shown = 0
        self._top = 0
        self.filled = False
        self.paused = False
        self.waiting_count = 0

    @property
    def beyond(self) -> bool:
        """Whether rows fell off the end since it was filled."""
        return self._shown > ROWS_MAX

    @property
    def count(self) -> int:
        """How many events are shown or wait."""
        return min(self._shown, ROWS_MAX) + self.waiting_count

    def fill(self, events: Sequence[Json]) -> None:
        """Shows what the log holds, the newest first."""
        self._top = max((int(event["position"]) for event in events), default=0)
        self._shown = len(events)
        self._feed.fill([self._rows.of(event) for event in events])
        self.filled = True
        waiting = [one for one in self._waiting if one[0] > self._top]
        self._waiting = deque(waiting, maxlen=ROWS_MAX)
        self.waiting_count = len(waiting)
        self._show()

    def take(self, events: Sequence[Json]) -> None:
        """Takes events that came, the oldest first."""
        if not self._search.live:
            return
        found = [
            (int(event["position"]), self._rows.of(event))
            for event in events
            if int(event["position"]) > self._top and self._search.passes(event)
        ]
        if found:
            self._waiting.extend(found)
            self.waiting_count += len(found)
            self._show()

    def pause(self, *, paused: bool) -> None:
        """Lets what comes wait, or shows what has waited."""
        self.paused = paused
        self._show()

    def _show(self) -> None:
        if self.filled and not self.paused and self.waiting_count:
            self._top = self._waiting[-1][0]
            self._feed.push([row for _, row in reversed(self._waiting)])
            self._shown += self.waiting_count
            self._waiting.clear()
            self.waiting_count = 0
        self._on_change()
