"""Events of the log and the hash chain over them."""

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


class LogEntry(NamedTuple):
    """An event of the log. `data` is JSON text, stored and hashed unchanged."""

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
    """The newest position with its hash and append time. An empty log has position 0."""

    position: int = 0
    hash: bytes = GENESIS
    append_time: datetime = EPOCH


class ExpiredError(LibralError):
    """The requested events are past retention. `floor` is the last position that is gone."""

    code = OUT_OF_RANGE

    def __init__(self, floor: int) -> None:
        super().__init__(
            "EVENTS_EXPIRED",
            f"The events up to position {floor} are no longer kept.",
            localized="保持期間を過ぎたイベントです。",
            metadata={"first_position": str(floor + 1)},
        )


class AppendConflictError(Exception):
    """Events cannot be appended to the head that they were chained to."""


class HeadMovedError(AppendConflictError):
    """Another process has appended events since the head was read."""


class KnownIdError(AppendConflictError):
    """The log already has an event with one of the ids."""


def entry_violations(entry: LogEntry, field: str) -> list[FieldViolation]:
    """Return the field violations of an event to append. `field` prefixes the field names."""
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


def text_violations(entry: LogEntry, field: str) -> list[FieldViolation]:
    found: list[FieldViolation] = []
    for name in ("type", "source", "subject", "actor", "request_id"):
        text: str = getattr(entry, name)
        if len(text) > TEXT_LENGTH_MAX:
            found.append(FieldViolation(f"{field}.{name}", f"It is longer than {TEXT_LENGTH_MAX}."))
        if "\0" in text and name != "type":
            found.append(
                FieldViolation(f"{field}.{name}", "It must not contain the character NUL.")
            )
    return found


def hash_entry(before: bytes, entry: LogEntry, position: int, append_time: str) -> bytes:
    """Return the SHA-256 hash of an event at a position and append time (ISO 8601).

    The hash covers `before`, the hash of the previous event.
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
        iso_utc(entry.time),
        append_time,
        entry.data,
    )
    return hashlib.sha256(before + orjson.dumps(content)).digest()


def iso_utc(time: datetime) -> str:
    return (time if time.tzinfo is UTC else time.astimezone(UTC)).isoformat()


def chain_entries(
    head: Head, entries: Iterable[LogEntry], now: datetime
) -> tuple[list[LogEntry], Head]:
    """Return events with position, append time and hash, and the head after them.

    Append times never decrease, even if the clock is set back.
    """
    append_time = max(now, head.append_time)
    written = iso_utc(append_time)
    placed: list[LogEntry] = []
    position, before = head.position, head.hash
    for entry in entries:
        position += 1
        before = hash_entry(before, entry, position, written)
        placed.append(LogEntry(*entry[:10], append_time, position, before))
    return placed, Head(position, before, append_time)
