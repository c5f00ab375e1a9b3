"""Models of the consumers of the event log and of their dead letters."""

from dataclasses import dataclass
from datetime import datetime

from dashboard.api.events import Event
from dashboard.api.fields import Json, integer, message, string, time


@dataclass(frozen=True)
class Consumer:
    """A service that handles events. `id` is its name, such as `users`."""

    id: str
    position: int | None
    lag_count: int | None
    dead_letter_count: int | None
    report_time: datetime | None

    @classmethod
    def parse(cls, found: Json) -> "Consumer":
        return cls(
            id=string(found, "name").partition("/")[2],
            position=integer(found, "position"),
            lag_count=integer(found, "lagCount"),
            dead_letter_count=integer(found, "deadLetterCount"),
            report_time=time(found, "reportTime"),
        )


@dataclass(frozen=True)
class DeadLetter:
    """An event that a consumer failed to handle. `event` is None after its retention period."""

    name: str
    consumer: str
    event: Event | None
    error: str
    tries: int | None
    state: str
    create_time: datetime | None
    update_time: datetime | None

    @classmethod
    def parse(cls, found: Json) -> "DeadLetter":
        event = message(found, "event")
        return cls(
            name=string(found, "name"),
            consumer=string(found, "consumer"),
            event=Event.parse(event) if event else None,
            error=string(found, "error"),
            tries=integer(found, "tries"),
            state=string(found, "state"),
            create_time=time(found, "createTime"),
            update_time=time(found, "updateTime"),
        )
