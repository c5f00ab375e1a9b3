"""Event filters and search results."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.events.domain.entries import LogEntry
from services.events.domain.words import EventQuery
from services.kernel.events.event import Level


@dataclass(frozen=True)
class EventFilter:
    """The conditions of a list or stream of events. An empty or None field does not filter."""

    categories: Sequence[int] = ()
    types: Sequence[str] = ()
    min_level: int = 0
    source: str = ""
    subject: str = ""
    actor: str = ""
    user: str = ""
    query: EventQuery = field(default_factory=EventQuery)
    start_time: datetime | None = None
    end_time: datetime | None = None

    @property
    def accepts_all(self) -> bool:
        """True if the filter accepts every event."""
        return self == EventFilter()

    @property
    def has_query(self) -> bool:
        """True if the filter searches the text of events."""
        return self.query != EventQuery()

    def accepts(self, entry: LogEntry) -> bool:
        """True if an event matches categories, types and level, the filter fields of streams."""
        return (
            (not self.categories or entry.category in self.categories)
            and (not self.types or entry.type in self.types)
            and entry.level >= self.min_level
        )

    def index_words(self) -> list[str]:
        """Return the index words of which a block must contain all."""
        words = self.query.index_words()
        for name in ("source", "subject", "actor", "user"):
            if value := getattr(self, name):
                words.append(f"{name}={value}")
        return words

    def index_choices(self) -> list[list[str]]:
        """Return groups of index words. A block must contain at least one word of each group."""
        groups = [
            [f"category={category}" for category in self.categories],
            [f"type={kind}" for kind in self.types],
            [f"level={level}" for level in Level if level >= self.min_level > Level.DEBUG],
        ]
        return [group for group in groups if group]


@dataclass(frozen=True)
class FoundEvents:
    """Events in search order. `until` is the last position that the search covered."""

    entries: list[LogEntry]
    until: int


@dataclass(frozen=True)
class EventPage:
    """A page of events, newest first.

    The next page holds events below `next_before`, which is None on the last page.
    """

    entries: list[LogEntry]
    next_before: int | None
