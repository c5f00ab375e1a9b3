"""Consumers of the log: services that handle its events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Consumer:
    """A service that handles events of some types, and the position that it has reached."""

    name: str
    position: int
    types: Sequence[str]
    report_time: datetime


@dataclass(frozen=True)
class ConsumerStatus:
    """A consumer with the number of events that wait for it and of its dead letters."""

    consumer: Consumer
    lag: int
    dead_letter_count: int
