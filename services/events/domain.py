"""The rules of the log: what an event must be, and how the chain is hashed."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from services.kernel.errors import FieldViolation

BATCH_MAX = 500
DATA_BYTES_MAX = 64 * 1024
TEXT_LENGTH_MAX = 256
TYPE_PATTERN = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
GENESIS = bytes(32)


@dataclass(frozen=True)
class Entry:
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
    append_time: datetime
    position: int = 0
    hash: bytes = b""


@dataclass(frozen=True)
class Head:
    """The newest position and its hash. An empty log has position 0."""

    position: int = 0
    hash: bytes = GENESIS


@dataclass(frozen=True)
class Defect:
    """The first place where a log is not as it was appended."""

    position: int
    problem: str


def violations(entry: Entry, field: str) -> list[FieldViolation]:
    """Lists what is wrong with an event that is to be appended."""
    found: list[FieldViolation] = []
    if not TYPE_PATTERN.fullmatch(entry.type):
        found.append(FieldViolation(f"{field}.type", "It must be words like user.registered."))
    if not entry.source:
        found.append(FieldViolation(f"{field}.source", "It is required."))
    if not entry.category:
        found.append(FieldViolation(f"{field}.category", "It is required."))
    found.extend(
        FieldViolation(f"{field}.{name}", f"It is longer than {TEXT_LENGTH_MAX}.")
        for name in ("type", "source", "subject", "actor", "request_id")
        if len(getattr(entry, name)) > TEXT_LENGTH_MAX
    )
    if len(entry.data.encode()) > DATA_BYTES_MAX:
        found.append(FieldViolation(f"{field}.data", f"It is larger than {DATA_BYTES_MAX} bytes."))
    return found


def digest(before: bytes, entry: Entry) -> bytes:
    """Hashes an event onto the hash of the event before it."""
    content = [
        entry.position,
        str(entry.id),
        entry.type,
        entry.source,
        entry.subject,
        entry.category,
        entry.level,
        entry.actor,
        entry.request_id,
        entry.time.astimezone(UTC).isoformat(),
        entry.append_time.astimezone(UTC).isoformat(),
        entry.data,
    ]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(before + text.encode()).digest()


def chain(head: Head, entries: Iterable[Entry]) -> tuple[list[Entry], Head]:
    """Gives each event its position and hash, on from `head`."""
    placed: list[Entry] = []
    for entry in entries:
        at = replace(entry, position=head.position + 1)
        at = replace(at, hash=digest(head.hash, at))
        placed.append(at)
        head = Head(at.position, at.hash)
    return placed, head


def find_defect(before: Head, entries: Iterable[Entry]) -> Defect | None:
    """Finds the first event that is missing or altered, going on from `before`."""
    for entry in entries:
        expected = before.position + 1
        if entry.position != expected:
            return Defect(expected, "It is missing.")
        if digest(before.hash, entry) != entry.hash:
            return Defect(expected, "Its content or its hash was altered.")
        before = Head(entry.position, entry.hash)
    return None
