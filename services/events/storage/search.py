"""Events that a filter lets through, found by blocks and within a bound of work."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Integer, literal, or_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain import Entry, Query, number
from services.events.storage import blocks, log
from services.events.storage.tables import BLOCKS, LOG
from services.kernel.events.event import Level

LOOSE_MAX = 500
BLOCKS_FIRST = 5
BLOCKS_MAX = 50
READ_MAX = 20_000
READ_TEXT_MAX = 2_000


@dataclass(frozen=True)
class Filter:
    """Which events to read. What is empty or None does not filter."""

    categories: Sequence[int] = ()
    types: Sequence[str] = ()
    min_level: int = 0
    source: str = ""
    subject: str = ""
    actor: str = ""
    user: str = ""
    query: Query = field(default_factory=Query)
    start_time: datetime | None = None
    end_time: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether it lets every event through."""
        return self == Filter()

    @property
    def read_max(self) -> int:
        """How many positions to look at for one page."""
        return READ_TEXT_MAX if self.query != Query() else READ_MAX

    def lets(self, entry: Entry) -> bool:
        """Whether an event has what a stream can ask for."""
        return (
            (not self.categories or entry.category in self.categories)
            and (not self.types or entry.type in self.types)
            and entry.level >= self.min_level
        )

    def conditions(self) -> list[ColumnElement[bool]]:
        """What the database can tell of an event. `query` is left to `Query.finds`."""
        found: list[ColumnElement[bool]] = []
        for values, column in ((self.categories, LOG.c.category), (self.types, LOG.c.type)):
            if values:
                found.append(column.in_(values))
        if self.min_level:
            found.append(LOG.c.level >= self.min_level)
        texts = ((name, getattr(self, name)) for name in ("source", "subject", "actor"))
        found.extend(LOG.c[name] == value for name, value in texts if value)
        if self.user:
            in_data = LOG.c.data.contains(f'"user":"{self.user}"', autoescape=True)
            found.append(or_(LOG.c.subject == self.user, LOG.c.actor == self.user, in_data))
        if self.start_time:
            found.append(LOG.c.time >= self.start_time)
        if self.end_time:
            found.append(LOG.c.time < self.end_time)
        return found

    def block_conditions(self) -> list[ColumnElement[bool]]:
        """What a block that holds such an event must hold."""
        found: list[ColumnElement[bool]] = []
        words = self.query.indexed()
        for name in ("source", "subject", "actor", "user"):
            if value := getattr(self, name):
                words.append(f"{name}={value}")
        if words:
            found.append(BLOCKS.c.words.contains(numbers(words)))
        groups = [
            [f"category={category}" for category in self.categories],
            [f"type={kind}" for kind in self.types],
            [f"level={level}" for level in Level if level >= self.min_level > Level.DEBUG],
        ]
        found.extend(BLOCKS.c.words.overlap(numbers(group)) for group in groups if group)
        if self.start_time:
            found.append(BLOCKS.c.last_time >= self.start_time)
        if self.end_time:
            found.append(BLOCKS.c.first_time < self.end_time)
        return found


def numbers(words: Sequence[str]) -> ColumnElement[Sequence[int]]:
    return literal([number(word) for word in words], ARRAY(Integer))


@dataclass(frozen=True)
class Found:
    """Events in order, and up to where was looked."""

    entries: list[Entry]
    until: int


async def find(
    connection: AsyncConnection,
    wanted: Filter,
    span: tuple[int, int],
    limit: int,
    *,
    descending: bool,
) -> Found:
    """Finds up to `limit` events in a span of positions, from one of its ends on.

    It may stop earlier, once it has looked at so many.
    """
    if not wanted.open:
        return await Search(connection, wanted, span, descending=descending).find(limit)
    low, high = span
    if descending:
        entries = await log.list_newest(connection, span, limit)
        return Found(entries, entries[-1].position if len(entries) == limit else low)
    entries = await log.list_between(connection, low - 1, high, limit)
    return Found(entries, entries[-1].position if len(entries) == limit else high)


async def count_after(
    connection: AsyncConnection, types: Sequence[str], position: int, limit: int
) -> int:
    """Counts the events of some types above a position, up to a limit."""
    head = await log.read_head(connection)
    span = (position + 1, head.position)
    search = Search(connection, Filter(types=tuple(types)), span, descending=False)
    return min(await search.count(limit), limit)


class Search:
    """Goes by the index of blocks, and where there is none yet by the events themselves."""

    def __init__(
        self,
        connection: AsyncConnection,
        wanted: Filter,
        span: tuple[int, int],
        *,
        descending: bool,
    ) -> None:
        self._connection = connection
        self._wanted = wanted
        self._low, self._high = span
        self._descending = descending
        self._blocks = BLOCKS_FIRST
        self._left = wanted.read_max

    async def find(self, limit: int) -> Found:
        indexed = await blocks.indexed_until(self._connection)
        entries: list[Entry] = []
        while self._low <= self._high and len(entries) < limit and self._left > 0:
            spans, rest = await self._next_spans(indexed)
            if spans:
                self._left -= sum(last - first + 1 for first, last in spans)
                read = await self._read(spans, limit - len(entries))
                if len(read) == limit - len(entries):
                    rest = self._behind(read[-1].position)
                entries += read
            self._low, self._high = rest
        return Found(entries, self._high + 1 if self._descending else self._low - 1)

    async def count(self, limit: int) -> int:
        """Counts events until there are `limit`."""
        indexed = await blocks.indexed_until(self._connection)
        conditions = self._wanted.conditions()
        self._left = limit * blocks.BLOCK_SIZE
        found = 0
        while self._low <= self._high and found < limit:
            spans, (self._low, self._high) = await self._next_spans(indexed)
            if spans:
                found += await log.count_spans(self._connection, spans, conditions)
        return found

    def _behind(self, position: int) -> tuple[int, int]:
        """What is left once `position` was looked at."""
        return (self._low, position - 1) if self._descending else (position + 1, self._high)

    async def _next_spans(self, indexed: int) -> tuple[list[tuple[int, int]], tuple[int, int]]:
        """Chooses what to look at next, and tells what is left after it."""
        if self._descending and self._high > indexed:
            first = max(self._high - LOOSE_MAX + 1, indexed + 1, self._low)
            return [(first, self._high)], (self._low, first - 1)
        if not self._descending and self._low > indexed:
            last = min(self._low + LOOSE_MAX - 1, self._high)
            return [(self._low, last)], (last + 1, self._high)
        return await self._next_blocks(min(self._high, indexed))

    async def _next_blocks(self, high: int) -> tuple[list[tuple[int, int]], tuple[int, int]]:
        limit = max(1, min(self._blocks, self._left // blocks.BLOCK_SIZE))
        self._blocks = min(self._blocks * 2, BLOCKS_MAX)
        found = await blocks.list_blocks(
            self._connection,
            self._wanted.block_conditions(),
            (self._low, high),
            descending=self._descending,
            limit=limit,
        )
        spans = [self._cut(blocks.span_of(block), high) for block in found]
        if self._descending:
            rest = (self._low, spans[-1][0] - 1 if len(found) == limit else self._low - 1)
        else:
            rest = (spans[-1][1] + 1 if len(found) == limit else high + 1, self._high)
        return spans, rest

    def _cut(self, span: tuple[int, int], high: int) -> tuple[int, int]:
        return max(span[0], self._low), min(span[1], high)

    async def _read(self, spans: Sequence[tuple[int, int]], limit: int) -> list[Entry]:
        query = self._wanted.query
        some = query != Query()
        read = await log.list_spans(
            self._connection,
            spans,
            self._wanted.conditions(),
            descending=self._descending,
            limit=blocks.BLOCK_SIZE * BLOCKS_MAX if some else limit,
        )
        return [entry for entry in read if query.finds(entry)][:limit] if some else read
