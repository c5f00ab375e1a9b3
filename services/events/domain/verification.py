"""Verification of the hash chain against the head and checkpoints."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from services.events.domain.checkpoints import Checkpoint
from services.events.domain.entries import Head, LogEntry, hash_entry, iso_utc


class DefectCode(Enum):
    """The kind of a defect."""

    MISSING = auto()
    ADDED = auto()
    ALTERED = auto()
    HEAD_MISMATCH = auto()
    CHECKPOINT_MISMATCH = auto()
    MISSING_SINCE_CHECKPOINT = auto()
    RESTORED = auto()


PROBLEMS = {
    DefectCode.MISSING: "It is missing.",
    DefectCode.ADDED: "It was added.",
    DefectCode.ALTERED: "Its content or its hash was altered.",
    DefectCode.HEAD_MISMATCH: "It differs from the head of the log.",
    DefectCode.CHECKPOINT_MISMATCH: "It differs from a checkpoint.",
    DefectCode.MISSING_SINCE_CHECKPOINT: "It is missing, and a checkpoint records it.",
    DefectCode.RESTORED: "It was deleted by retention and is present again.",
}


@dataclass(frozen=True)
class Defect:
    """The first position where the log differs from what was appended."""

    position: int
    code: DefectCode

    @property
    def problem(self) -> str:
        """The defect in English, for developers."""
        return PROBLEMS[self.code]


@dataclass(frozen=True)
class Verdict:
    """The result of verifying the whole log. `defect` is the first one, or None."""

    checked: int
    head: int
    checkpoints: int
    defect: Defect | None


@dataclass(frozen=True)
class RangeVerdict:
    """The result of verifying a range of positions.

    `next_start` is the first position of the next range, or None if the head was reached.
    """

    checked: int
    defect: Defect | None
    next_start: int | None


def find_defect(before: Head, entries: Iterable[LogEntry]) -> Defect | None:
    """Return the first event after `before` that is missing, added or altered, or None."""
    position, hash_before = before.position, before.hash
    for entry in entries:
        expected = position + 1
        if entry.position > expected:
            return Defect(expected, DefectCode.MISSING)
        if entry.position < expected:
            return Defect(entry.position, DefectCode.ADDED)
        if hash_entry(hash_before, entry, expected, iso_utc(entry.append_time)) != entry.hash:
            return Defect(expected, DefectCode.ALTERED)
        position, hash_before = expected, entry.hash
    return None


class ChainVerifier:
    """Verifies a log incrementally, from its floor to its head, against checkpoints.

    Call `verify_floor` first, `verify_entries` for each batch, and `verify_head` last.
    """

    def __init__(self, floor: Head, checkpoints: Sequence[Checkpoint]) -> None:
        self.at = floor
        self.checked = 0
        self._published = {point.head.position: point.head.hash for point in checkpoints}
        self._newest = checkpoints[-1] if checkpoints else None

    def verify_floor(self) -> Defect | None:
        """Return a defect if the floor is below the one of the newest checkpoint."""
        if self._newest and self.at.position < self._newest.floor.position:
            return Defect(self.at.position + 1, DefectCode.RESTORED)
        return self._mismatch(self.at.position, self.at.hash)

    def verify_entries(self, entries: Sequence[LogEntry]) -> Defect | None:
        """Check the next batch of events and return its first defect."""
        defect = find_defect(self.at, entries)
        sound = entries
        if defect is not None:
            sound = [entry for entry in entries if entry.position < defect.position]
        for entry in sound:
            if mismatch := self._mismatch(entry.position, entry.hash):
                return mismatch
            self.at = Head(entry.position, entry.hash)
            self.checked += 1
        return defect

    def verify_head(self, head: Head) -> Defect | None:
        """Return a defect if the log does not end at `head`, or ends below a checkpoint."""
        if self.at.position < head.position:
            return Defect(self.at.position + 1, DefectCode.MISSING)
        if self.at.position > head.position:
            return Defect(head.position + 1, DefectCode.ADDED)
        if self.at.hash != head.hash:
            return Defect(head.position, DefectCode.HEAD_MISMATCH)
        if self._newest and head.position < self._newest.head.position:
            return Defect(head.position + 1, DefectCode.MISSING_SINCE_CHECKPOINT)
        return None

    def _mismatch(self, position: int, digest_found: bytes) -> Defect | None:
        if self._published.get(position, digest_found) == digest_found:
            return None
        return Defect(position, DefectCode.CHECKPOINT_MISMATCH)
