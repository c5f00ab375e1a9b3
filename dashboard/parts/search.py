"""What an operator looks for in the log.

It is read from an address, asked of the gateway, and applied to what comes live.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from dashboard.formats import parse_time
from dashboard.gateway import Json
from dashboard.parts.words import Words, data_text

FIELDS = ("category", "level", "source", "q", "user", "from", "to", "page")
NAMES = {
    "category": "categories",
    "level": "minLevel",
    "source": "source",
    "q": "query",
    "user": "user",
    "page": "pageToken",
}
LEVELS = {"DEBUG": 1, "INFO": 2, "WARNING": 3, "ERROR": 4}
USERS = "users/"
YEARS = range(1970, 9999)
Question = dict[str, str | int | list[str]]


@dataclass(frozen=True)
class Search:
    """The filters of an address. What is empty does not filter."""

    given: dict[str, str]
    zone: ZoneInfo

    @classmethod
    def read(cls, query: Mapping[str, str], zone: ZoneInfo) -> "Search":
        given = {field: query.get(field, "").strip() for field in FIELDS}
        if given["user"] and not given["user"].startswith(USERS):
            given["user"] = USERS + given["user"]
        return cls(given, zone)

    @property
    def live(self) -> bool:
        """Whether it shows the newest events, so that new ones belong to it."""
        return not self.given["page"]

    def question(self, size: int) -> Question:
        """Asks the gateway for a page."""
        asked: Question = {"pageSize": size}
        asked |= {name: self.given[field] for field, name in NAMES.items() if self.given[field]}
        times = {"startTime": self._start, "endTime": self._end}
        return asked | {name: rfc3339(time) for name, time in times.items() if time is not None}

    def passes(self, event: Json) -> bool:
        """Whether an event is one of those that the gateway would list."""
        given = self.given
        if given["category"] and event.get("category") != given["category"]:
            return False
        if LEVELS.get(event.get("level", ""), 0) < LEVELS.get(given["level"], 0):
            return False
        if given["source"] and event.get("source") != given["source"]:
            return False
        if given["user"] and not names_user(event, given["user"]):
            return False
        return self._in_time(event) and (self._words is None or self._words.find(event))

    def _in_time(self, event: Json) -> bool:
        if self._start is None and self._end is None:
            return True
        time = parse_time(event.get("time"))
        if time is None or (self._start is not None and time < self._start):
            return False
        return self._end is None or time < self._end

    @cached_property
    def _words(self) -> Words | None:
        return Words.parse(self.given["q"]) if self.given["q"] else None

    @cached_property
    def _start(self) -> datetime | None:
        return read_local(self.given["from"], self.zone)

    @cached_property
    def _end(self) -> datetime | None:
        return read_local(self.given["to"], self.zone)


def names_user(event: Json, user: str) -> bool:
    """Whether an event is about a user, or by it."""
    if user in {event.get("subject"), event.get("actor")}:
        return True
    return f'"user":"{user}"' in data_text(event)


def read_local(value: str, zone: ZoneInfo) -> datetime | None:
    """Reads a time on the wall clock, as a field of a page gives it. None: it is no time."""
    try:
        found = datetime.fromisoformat(value).replace(tzinfo=zone)
    except ValueError:
        return None
    return found if found.year in YEARS else None


def rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
