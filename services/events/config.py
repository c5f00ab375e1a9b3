"""What the events room is configured with."""

from dataclasses import dataclass

from services.kernel.settings import Environment


@dataclass(frozen=True)
class EventsSettings:
    """Settings of the events room."""

    redis_url: str

    @classmethod
    def read(cls, environment: Environment) -> "EventsSettings":
        return cls(redis_url=environment.url("REDIS_URL", ("redis", "rediss", "unix")))
