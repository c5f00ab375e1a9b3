"""Dead letters: events whose handling failed in every attempt of a consumer."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

COLLECTION = "deadLetters/"


class DeadLetterState(IntEnum):
    """The state of a dead letter: the values of `libral.events.v1.DeadLetter.State`."""

    PENDING = 1
    RETRYING = 2
    DISCARDING = 3


@dataclass(frozen=True)
class DeadLetter:
    """An event that a consumer could not handle. `tries` counts the failed attempts."""

    consumer: str
    position: int
    type: str
    error: str
    tries: int
    create_time: datetime
    update_time: datetime
    state: DeadLetterState = DeadLetterState.PENDING

    @property
    def name(self) -> str:
        return dead_letter_name(self.consumer, self.position)


def dead_letter_name(consumer: str, position: int) -> str:
    return f"{COLLECTION}{consumer}-{position}"


def parse_dead_letter_name(name: str) -> tuple[str, int]:
    """Return the consumer and the position of `deadLetters/{consumer}-{position}`.

    Raises:
        ValueError: The name has another form.
    """
    consumer, _, position = name.removeprefix(COLLECTION).rpartition("-")
    if not name.startswith(COLLECTION) or not consumer or not position.isdigit():
        raise ValueError(name)
    return consumer, int(position)
