"""Models of the consumers of the event log and of their dead letters."""

from dataclasses import dataclass
from datetime import datetime

from dashboard.api.events import Event
from dashboard.api.fields import Json, read_integer, read_message, read_string, read_time


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
            id=read_string(found, "name").partition("/")[2],
            position=read_integer(found, "position"),
            lag_count=read_integer(found, "lagCount"),
            dead_letter_count=read_integer(found, "deadLetterCount"),
            report_time=read_time(found, "reportTime"),
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
        event = read_message(found, "event")
        return cls(
            name=read_string(found, "name"),
            consumer=read_string(found, "consumer"),
            event=Event.parse(event) if event else None,
            error=read_string(found, "error"),
            tries=read_integer(found, "tries"),
            state=read_string(found, "state"),
            create_time=read_time(found, "createTime"),
            update_time=read_time(found, "updateTime"),
        )
