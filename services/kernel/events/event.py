"""New events, and the rules that the event log applies to them."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import chain
from typing import Any

from services.kernel.errors import FieldViolation

# The limits of the event log. The outbox enforces them, since the relay could not append others.
TYPE_PATTERN = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
TEXT_LENGTH_MAX = 256
DATA_BYTES_MAX = 64 * 1024
DATA_DEPTH_MAX = 32
NUMBER_MAX = 2**1023


class Category(IntEnum):
    """The subject area of an event: the values of `libral.events.v1.Event.Category`."""

    SYSTEM = 1
    USER = 2
    PAYMENT = 3
    API = 4
    TELEGRAM = 5
    MODULE = 6
    AUDIT = 7


class Level(IntEnum):
    """The severity of an event: the values of `libral.events.v1.Event.Level`."""

    DEBUG = 1
    INFO = 2
    WARNING = 3
    ERROR = 4


@dataclass(frozen=True)
class NewEvent:
    """An event to publish.

    `type` is words with dots, such as `user.registered`. `subject` is the name of a resource. Texts
    have at most 256 characters. `data` holds JSON values: at most 64 KiB, nested at most 32 deep.
    """

    type: str
    category: Category
    subject: str = ""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    level: Level = Level.INFO
    actor: str | None = None
    """The name of the caller that caused the event. None: the caller of the current call."""


def event_violations(event: NewEvent, texts: Mapping[str, str]) -> list[FieldViolation]:
    """Return the rules of the event log that an event breaks.

    `texts` holds the text fields of the event by field name.
    """
    found: list[FieldViolation] = []
    if not TYPE_PATTERN.fullmatch(event.type):
        found.append(FieldViolation("event.type", "It must be words like user.registered."))
    for name, value in texts.items():
        if len(value) > TEXT_LENGTH_MAX:
            found.append(FieldViolation(f"event.{name}", f"It is longer than {TEXT_LENGTH_MAX}."))
        if "\0" in value:
            found.append(FieldViolation(f"event.{name}", "It must not have NUL characters."))
    if problem := data_problem(event.data):
        found.append(FieldViolation("event.data", problem))
    return found


def data_problem(data: Mapping[str, Any]) -> str:
    """Return what is wrong with the data of an event, or the empty string."""
    if problem := value_problem(data, DATA_DEPTH_MAX):
        return problem
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except (TypeError, ValueError):
        return "It must be JSON."
    return f"It is larger than {DATA_BYTES_MAX} bytes." if size > DATA_BYTES_MAX else ""


def value_problem(value: Any, depth: int) -> str:
    """Return what is wrong with a JSON value, or the empty string. It may nest `depth` levels."""
    if isinstance(value, str):
        return "It must not have NUL characters." if "\0" in value else ""
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
