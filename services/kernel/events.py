"""An event as a room's rules make it, before it has a place in the log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Category(IntEnum):
    """What an event is about: the values of `libral.events.v1.Event.Category`."""

    SYSTEM = 1
    USER = 2
    PAYMENT = 3
    API = 4
    TELEGRAM = 5
    MODULE = 6
    AUDIT = 7


class Level(IntEnum):
    """How much attention it deserves: the values of `libral.events.v1.Event.Level`."""

    DEBUG = 1
    INFO = 2
    WARNING = 3
    ERROR = 4


@dataclass(frozen=True)
class NewEvent:
    """Something that happened. `data` holds JSON values, at most 64 KiB of them."""

    type: str
    category: Category
    subject: str = ""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    level: Level = Level.INFO
    actor: str | None = None
    """Who caused it. None: the caller of the call being served."""
