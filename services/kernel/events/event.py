"""An event as a room's rules make it, before it has a place in the log."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import chain
from typing import Any

from services.kernel.errors import FieldViolation

# What the log takes: the outbox refuses the rest, which could never leave it.
TYPE_PATTERN = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
TEXT_LENGTH_MAX = 256
DATA_BYTES_MAX = 64 * 1024
DATA_DEPTH_MAX = 32
NUMBER_MAX = 2**1023


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


def violations(event: NewEvent, texts: Mapping[str, str]) -> list[FieldViolation]:
    """Lists why the log would refuse an event. `texts` are all its texts by name."""
    found: list[FieldViolation] = []
    if not TYPE_PATTERN.fullmatch(event.type):
        found.append(FieldViolation("event.type", "It must be words like user.registered."))
    for name, value in texts.items():
        if len(value) > TEXT_LENGTH_MAX:
            found.append(FieldViolation(f"event.{name}", f"It is longer than {TEXT_LENGTH_MAX}."))
        if "\0" in value:
            found.append(FieldViolation(f"event.{name}", "It must not have the character NUL."))
    if problem := data_problem(event.data):
        found.append(FieldViolation("event.data", problem))
    return found


def data_problem(data: Mapping[str, Any]) -> str:
    """Says what is wrong with the data of an event. Empty: nothing."""
    if problem := value_problem(data, DATA_DEPTH_MAX):
        return problem
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except (TypeError, ValueError):
        return "It must be JSON."
    return f"It is larger than {DATA_BYTES_MAX} bytes." if size > DATA_BYTES_MAX else ""


def value_problem(value: Any, depth: int) -> str:
    """Says what is wrong with a value that may hold others, `depth` levels of them at most."""
    if isinstance(value, str):
        return "It must not have the character NUL." if "\0" in value else ""
    if isinstance(value, int):
        return "" if abs(value) < NUMBER_MAX else "It has a number that is too large."
    if not isinstance(value, Mapping | list | tuple):
        return ""
    if not depth:
        return f"It is nested deeper than {DATA_DEPTH_MAX}."
    parts: Iterable[Any] = value
    if isinstance(value, Mapping):
        parts = chain(value.keys(), value.values())
    return next(filter(None, (value_problem(part, depth - 1) for part in parts)), "")
