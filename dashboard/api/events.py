"""Models of the event log: events, their counts, and a parsed search query."""

import re
from dataclasses import dataclass
from datetime import datetime

from dashboard.api.fields import (
    Json,
    read_integer,
    read_message,
    read_messages,
    read_string,
    read_time,
)


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
            id=read_string(found, "id"),
            position=read_integer(found, "position") or 0,
            type=read_string(found, "type"),
            source=read_string(found, "source"),
            subject=read_string(found, "subject"),
            category=read_string(found, "category"),
            level=read_string(found, "level"),
            actor=read_string(found, "actor"),
            request_id=read_string(found, "requestId"),
            time=read_time(found, "time"),
            append_time=read_time(found, "appendTime"),
            data=read_message(found, "data"),
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
            head_position=read_integer(found, "headPosition"),
            last_hour_count=read_integer(found, "lastHourCount"),
            last_day_count=read_integer(found, "lastDayCount"),
            error_day_count=read_integer(found, "errorDayCount"),
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
        pattern = read_string(found, "pattern")
        if not pattern:
            raise ValueError("A query term has no pattern.")
        try:
            return cls(text=read_string(found, "text"), pattern=re.compile(pattern))
        except re.error as error:
            raise ValueError("A query term has an invalid pattern.") from error


def parse_terms(found: Json) -> list[QueryTerm]:
    return [QueryTerm.parse(one) for one in read_messages(found, "terms")]
