"""Filters of the event log, sent to the gateway and applied to live events.

The gateway parses the search words into terms, each with a pattern that matches it.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from dashboard.api.client import GatewayApi
from dashboard.api.events import Event, QueryTerm
from dashboard.event_rows import data_text
from dashboard.parts.live_events import Matches

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
ESCAPE = re.compile(r"\\(?:u[0-9a-f]{4}|.)")
ListRequest = dict[str, str | int | list[str]]


@dataclass(frozen=True)
class EventFilters:
    """The filters in the query parameters. An empty filter matches all events."""

    filters: dict[str, str]
    zone: ZoneInfo

    @classmethod
    def read(cls, query: Mapping[str, str], zone: ZoneInfo) -> "EventFilters":
        filters = {field: query.get(field, "").strip() for field in FIELDS}
        if filters["user"] and not filters["user"].startswith(USERS):
            filters["user"] = USERS + filters["user"]
        return cls(filters, zone)

    @property
    def live(self) -> bool:
        """True if the search shows the newest events, to which new ones are added."""
        return not self.filters["page"]

    def list_request(self, size: int) -> ListRequest:
        """Return the request for a page of `size` events."""
        request: ListRequest = {"pageSize": size}
        request |= {
            name: self.filters[field] for field, name in NAMES.items() if self.filters[field]
        }
        times = {"startTime": self._start, "endTime": self._end}
        return request | {name: rfc3339(time) for name, time in times.items() if time is not None}

    async def matcher(self, api: GatewayApi) -> Matches:
        """Return a function that is true for events that the gateway would list.

        Raises:
            GatewayError: The gateway could not parse the search words.
            SignedOutError: The session has ended.
        """
        words = self.filters["q"]
        terms = await api.parse_event_query(words) if words else ()
        return lambda event: self.matches(event, terms)

    def matches(self, event: Event, terms: Sequence[QueryTerm]) -> bool:
        """True if an event has the requested fields and contains all terms."""
        filters = self.filters
        if filters["category"] and event.category != filters["category"]:
            return False
        if LEVELS.get(event.level, 0) < LEVELS.get(filters["level"], 0):
            return False
        if filters["source"] and event.source != filters["source"]:
            return False
        if filters["user"] and not mentions_user(event, filters["user"]):
            return False
        return self._in_time(event) and contains_terms(event, terms)

    def _in_time(self, event: Event) -> bool:
        if self._start is None and self._end is None:
            return True
        if event.time is None or (self._start is not None and event.time < self._start):
            return False
        return self._end is None or event.time < self._end

    @cached_property
    def _start(self) -> datetime | None:
        return read_local(self.filters["from"], self.zone)

    @cached_property
    def _end(self) -> datetime | None:
        return read_local(self.filters["to"], self.zone)


def contains_terms(event: Event, terms: Sequence[QueryTerm]) -> bool:
    """True if an event contains all terms."""
    if not terms:
        return True
    words = searchable_text(event)
    return all(term.pattern.search(words) for term in terms)


def searchable_text(event: Event) -> str:
    """Return the searchable text of an event in Unicode NFKC with case folded."""
    data = ESCAPE.sub(" ", data_text(event))
    joined = f"{event.type} {event.subject} {event.actor} {data}"
    if joined.isascii():
        return joined.lower()
    return unicodedata.normalize("NFKC", joined).casefold()


def mentions_user(event: Event, user: str) -> bool:
    """True if a user is the subject or actor of an event, or is in its data."""
    return user in {event.subject, event.actor} or f'"user":"{user}"' in data_text(event)


def read_local(value: str, zone: ZoneInfo) -> datetime | None:
    """Parse the local time of an input. Return None if it is not a valid time."""
    try:
        found = datetime.fromisoformat(value).replace(tzinfo=zone)
    except ValueError:
        return None
    return found if found.year in YEARS else None


def rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
