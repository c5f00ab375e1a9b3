"""An event of the log, and the chain of hashes that holds the log together."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import orjson

from services.kernel.errors import FieldViolation, LibralError
from services.kernel.events.event import DATA_BYTES_MAX, TEXT_LENGTH_MAX, TYPE_PATTERN

BATCH_MAX = 500
GENESIS = bytes(32)
OUT_OF_RANGE = 11
EPOCH = datetime.fromtimestamp(0, UTC)


class Entry(NamedTuple):
    """An event of the log. `data` is JSON text, kept and hashed as it is."""

    id: UUID
    type: str
    source: str
    subject: str
    category: int
    level: int
    actor: str
    request_id: str
    time: datetime
    data: str
    append_time: datetime = EPOCH
    position: int = 0
    hash: bytes = b""


@dataclass(frozen=True)
class Head:
    """The newest position, its hash and when it was appended. An empty log has position 0."""

    position: int = 0
    hash: bytes = GENESIS
    append_time: datetime = EPOCH


class ExpiredError(LibralError):
    """Events up to a position are asked for and no longer kept."""

    code = OUT_OF_RANGE

    def __init__(self, floor: int) -> None:
        super().__init__(
            "EVENTS_EXPIRED",
            f"The events up to position {floor} are no longer kept.",
            localized="保持期間を過ぎたイベントです。",
            metadata={"first_position": str(floor + 1)},
        )


class AppendConflictError(Exception):
    """Events cannot be appended where they were chained on."""


class HeadMovedError(AppendConflictError):
    """Another process has appended meanwhile."""


class KnownIdError(AppendConflictError):
    """The log already has an event with one of the ids."""


def violations(entry: Entry, field: str) -> list[FieldViolation]:
    """Return what is wrong with an event that is to be appended."""
    found: list[FieldViolation] = []
    if not TYPE_PATTERN.fullmatch(entry.type):
        found.append(FieldViolation(f"{field}.type", "It must be words like user.registered."))
    if not entry.source:
        found.append(FieldViolation(f"{field}.source", "It is required."))
    if not entry.category:
        found.append(FieldViolation(f"{field}.category", "It is required."))
    texts = (entry.type, entry.source, entry.subject, entry.actor, entry.request_id)
    if max(map(len, texts)) > TEXT_LENGTH_MAX or any("\0" in text for text in texts):
        found.extend(text_violations(entry, field))
    if len(entry.data) * 4 > DATA_BYTES_MAX and len(entry.data.encode()) > DATA_BYTES_MAX:
        found.append(FieldViolation(f"{field}.data", f"It is larger than {DATA_BYTES_MAX} bytes."))
    return found


def text_violations(entry: Entry, field: str) -> list[FieldViolation]:
    found: list[FieldViolation] = []
    for name in ("type", "source", "subject", "actor", "request_id"):
        text: str = getattr(entry, name)
        if len(text) > TEXT_LENGTH_MAX:
            found.append(FieldViolation(f"{field}.{name}", f"It is longer than {TEXT_LENGTH_MAX}."))
        if "\0" in text and name != "type":
            found.append(FieldViolation(f"{field}.{name}", "It must not have the character NUL."))
    return found


def digest(before: bytes, entry: Entry, position: int, append_time: str) -> bytes:
    """Return the hash of an event at a position and append time (ISO 8601).

    It covers `before`, the hash of the event before it.
    """
    content = (
        position,
        str(entry.id),
        entry.type,
        entry.source,
        entry.subject,
        entry.category,
        entry.level,
        entry.actor,
        entry.request_id,
        iso(entry.time),
        append_time,
        entry.data,
    )
    return hashlib.sha256(before + orjson.dumps(content)).digest()


def iso(time: datetime) -> str:
    return (time if time.tzinfo is UTC else time.astimezone(UTC)).isoformat()


def chain(head: Head, entries: Iterable[Entry], now: datetime) -> tuple[list[Entry], Head]:
    """Return events with their position, append time and hash, and the head after them.

    Append times never decrease, even if the clock is set back.
    """
    append_time = max(now, head.append_time)
    written = iso(append_time)
    placed: list[Entry] = []
    position, before = head.position, head.hash
    for entry in entries:
        position += 1
        before = digest(before, entry, position, written)
        placed.append(Entry(*entry[:10], append_time, position, before))
    return placed, Head(position, before, append_time)
