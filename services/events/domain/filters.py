"""Filters of events, and the result of a search."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.events.domain.entries import Entry
from services.events.domain.words import Query
from services.kernel.events.event import Level


@dataclass(frozen=True)
class EventFilter:
    """Which events to read. An empty or None field does not filter."""

    categories: Sequence[int] = ()
    types: Sequence[str] = ()
    min_level: int = 0
    source: str = ""
    subject: str = ""
    actor: str = ""
    user: str = ""
    query: Query = field(default_factory=Query)
    start_time: datetime | None = None
    end_time: datetime | None = None

    @property
    def accepts_all(self) -> bool:
        """True if every event passes the filter."""
        return self == EventFilter()

    @property
    def has_query(self) -> bool:
        """True if the text of events is searched."""
        return self.query != Query()

    def accepts(self, entry: Entry) -> bool:
        """True if an event passes the fields that a stream can have: categories, types, level."""
        return (
            (not self.categories or entry.category in self.categories)
            and (not self.types or entry.type in self.types)
            and entry.level >= self.min_level
        )

    def index_words(self) -> list[str]:
        """Return the index words that a block must hold, all of them."""
        words = self.query.indexed()
        for name in ("source", "subject", "actor", "user"):
            if value := getattr(self, name):
                words.append(f"{name}={value}")
        return words

    def index_choices(self) -> list[list[str]]:
        """Return groups of index words. A block must hold at least one of each group."""
        groups = [
            [f"category={category}" for category in self.categories],
            [f"type={kind}" for kind in self.types],
            [f"level={level}" for level in Level if level >= self.min_level > Level.DEBUG],
        ]
        return [group for group in groups if group]


@dataclass(frozen=True)
class FoundEvents:
    """Events in the order of a search, and the last position that was looked at."""

    entries: list[Entry]
    until: int


@dataclass(frozen=True)
class EventPage:
    """Events, the newest first, and the position to go on below. None: the end was reached."""

    entries: list[Entry]
    next_before: int | None
