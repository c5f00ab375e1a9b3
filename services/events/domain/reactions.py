"""Who reacts to events, and what it gave up on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

LETTERS = "deadLetters/"


class LetterState(IntEnum):
    """What becomes of a dead letter: the values of `libral.events.v1.DeadLetter.State`."""

    PENDING = 1
    RETRYING = 2
    DISCARDING = 3


@dataclass(frozen=True)
class Consumer:
    """A room that reacts to events, and how far it is."""

    name: str
    position: int
    types: Sequence[str]
    report_time: datetime


@dataclass(frozen=True)
class Letter:
    """An event that a consumer gave up on."""

    consumer: str
    position: int
    type: str
    error: str
    tries: int
    create_time: datetime
    update_time: datetime
    state: LetterState = LetterState.PENDING

    @property
    def name(self) -> str:
        return letter_name(self.consumer, self.position)


def letter_name(consumer: str, position: int) -> str:
    return f"{LETTERS}{consumer}-{position}"


def parse_letter_name(name: str) -> tuple[str, int]:
    """Takes the consumer and the position out of `deadLetters/{consumer}-{position}`.

    Raises:
        ValueError: It is no such name.
    """
    consumer, _, position = name.removeprefix(LETTERS).rpartition("-")
    if not name.startswith(LETTERS) or not consumer or not position.isdigit():
        raise ValueError(name)
    return consumer, int(position)
