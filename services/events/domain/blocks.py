"""Blocks of 100 positions, the unit of the search index and of event counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.events.domain.entries import LogEntry
from services.events.domain.words import word_hashes
from services.kernel.events.event import Category, Level

BLOCK_SIZE = 100


@dataclass(frozen=True)
class Block:
    """A summary of the events of a block. A search uses it to skip the block.

    `counts` holds the number of events per category, starting with category 1. `words` holds
    the hashes of the index words.
    """

    block: int
    first_time: datetime
    last_time: datetime
    first_append_time: datetime
    last_append_time: datetime
    counts: Sequence[int]
    error_count: int
    words: Sequence[int]


@dataclass(frozen=True)
class EventCounts:
    """The number of events in a period: total, of level ERROR, and per category."""

    total: int
    errors: int
    categories: dict[int, int]


@dataclass(frozen=True)
class LogStats:
    """The newest position, and the counts of the hour and the day before `time`."""

    head_position: int
    hour: EventCounts
    day: EventCounts
    time: datetime


def block_of(position: int) -> int:
    return (position - 1) // BLOCK_SIZE


def block_span(block: int) -> tuple[int, int]:
    """Return the first and the last position of a block."""
    return block * BLOCK_SIZE + 1, (block + 1) * BLOCK_SIZE


def summarize_block(entries: Sequence[LogEntry]) -> Block:
    """Return the summary of a block. `entries` holds one or more events in log order."""
    times = [entry.time for entry in entries]
    counts = [0] * len(Category)
    for entry in entries:
        if entry.category <= len(counts):
            counts[entry.category - 1] += 1
    return Block(
        block=block_of(entries[0].position),
        first_time=min(times),
        last_time=max(times),
        first_append_time=entries[0].append_time,
        last_append_time=entries[-1].append_time,
        counts=counts,
        error_count=sum(entry.level >= Level.ERROR for entry in entries),
        words=sorted(word_hashes(entries)),
    )
