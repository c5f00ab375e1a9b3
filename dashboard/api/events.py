"""Models of the event log: events, their counts, and a parsed search query."""

import re
from dataclasses import dataclass
from datetime import datetime

from dashboard.api.fields import Json, integer, message, messages, string, time


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the log. `data` is the JSON that the producer wrote."""

    id: str
    position: int
    type: str
    source: str
    subject: str
    category: str
    level: str
    actor: str
    request_id: str
    time: datetime | None
    append_time: datetime | None
    data: Json

    @classmethod
    def parse(cls, found: Json) -> "Event":
        return cls(
            id=string(found, "id"),
            position=integer(found, "position") or 0,
            type=string(found, "type"),
            source=string(found, "source"),
            subject=string(found, "subject"),
            category=string(found, "category"),
            level=string(found, "level"),
            actor=string(found, "actor"),
            request_id=string(found, "requestId"),
            time=time(found, "time"),
            append_time=time(found, "appendTime"),
            data=message(found, "data"),
        )


@dataclass(frozen=True)
class EventStats:
    """Counts of events."""

    head_position: int | None = None
    last_hour_count: int | None = None
    last_day_count: int | None = None
    error_day_count: int | None = None

    @classmethod
    def parse(cls, found: Json) -> "EventStats":
        return cls(
            head_position=integer(found, "headPosition"),
            last_hour_count=integer(found, "lastHourCount"),
            last_day_count=integer(found, "lastDayCount"),
            error_day_count=integer(found, "errorDayCount"),
        )


@dataclass(frozen=True)
class QueryTerm:
    """A term of a search query. `pattern` matches text in Unicode NFKC with case folded."""

    text: str
    pattern: re.Pattern[str]

    @classmethod
    def parse(cls, found: Json) -> "QueryTerm":
        """Parse a term.

        Raises:
            ValueError: The pattern is missing or invalid.
        """
        pattern = string(found, "pattern")
        if not pattern:
            raise ValueError("A query term has no pattern.")
        try:
            return cls(text=string(found, "text"), pattern=re.compile(pattern))
        except re.error as error:
            raise ValueError("A query term has an invalid pattern.") from error


def parse_terms(found: Json) -> list[QueryTerm]:
    return [QueryTerm.parse(one) for one in messages(found, "terms")]
