"""Blocks of 100 positions, the unit in which the log is indexed and counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.events.domain.entries import Entry
from services.events.domain.words import words_of
from services.kernel.events.event import Category, Level

BLOCK_SIZE = 100


@dataclass(frozen=True)
class Block:
    """A summary of the events of a block, by which a search can pass over it.

    `counts` holds the number of events of each category, from category 1 on.
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
class Counts:
    """The number of events in a period: all, those of level ERROR, those of each category."""

    total: int
    errors: int
    categories: dict[int, int]


@dataclass(frozen=True)
class LogStats:
    """The position of the newest event, and the counts of the last hour and day at a time."""

    head_position: int
    hour: Counts
    day: Counts
    time: datetime


def block_of(position: int) -> int:
    return (position - 1) // BLOCK_SIZE


def span_of(block: int) -> tuple[int, int]:
    """Return the first and the last position of a block."""
    return block * BLOCK_SIZE + 1, (block + 1) * BLOCK_SIZE


def summarize(entries: Sequence[Entry]) -> Block:
    """Return the summary of a block from its events, one or more, in the order of the log."""
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
        words=sorted(words_of(entries)),
    )
