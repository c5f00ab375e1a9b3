"""Search of the log with the block index. The work of each search is bounded."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain.blocks import BLOCK_SIZE, block_span
from services.events.domain.entries import LogEntry
from services.events.domain.filters import EventFilter, FoundEvents
from services.events.storage import blocks, log

UNINDEXED_MAX = 500
BLOCKS_FIRST = 5
BLOCKS_MAX = 50
READ_MAX = 20_000
READ_TEXT_MAX = 2_000

Span = tuple[int, int]


async def find_events(
    connection: AsyncConnection,
    wanted: EventFilter,
    span: Span,
    limit: int,
    *,
    descending: bool,
) -> FoundEvents:
    """Return up to `limit` events of a span of positions.

    The search stops early after 20,000 positions, or 2,000 if the filter has a text query;
    `FoundEvents.until` is where it stopped.
    """
    if not wanted.accepts_all:
        return await EventSearch(connection, wanted, span, descending=descending).find_events(limit)
    low, high = span
    if descending:
        entries = await log.list_newest_entries(connection, span, limit)
        return FoundEvents(entries, entries[-1].position if len(entries) == limit else low)
    entries = await log.list_entries(connection, low - 1, high, limit)
    return FoundEvents(entries, entries[-1].position if len(entries) == limit else high)


async def count_events_after(
    connection: AsyncConnection, types: Sequence[str], position: int, limit: int
) -> int:
    """Count the events of some types above a position, up to a limit."""
    head = await log.read_head(connection)
    span = (position + 1, head.position)
    search = EventSearch(connection, EventFilter(types=tuple(types)), span, descending=False)
    return min(await search.count_events(limit), limit)


class EventSearch:
    """A search in progress over a span of positions.

    It reads the blocks that the index selects, and all events that are not indexed yet.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        wanted: EventFilter,
        span: Span,
        *,
        descending: bool,
    ) -> None:
        self._connection = connection
        self._wanted = wanted
        self._low, self._high = span
        self._descending = descending
        self._blocks = BLOCKS_FIRST
        self._left = READ_TEXT_MAX if wanted.has_query else READ_MAX

    async def find_events(self, limit: int) -> FoundEvents:
        indexed = await blocks.read_indexed_position(self._connection)
        entries: list[LogEntry] = []
        while self._low <= self._high and len(entries) < limit and self._left > 0:
            spans, rest = await self._next_spans(indexed)
            if spans:
                self._left -= sum(last - first + 1 for first, last in spans)
                read = await self._read(spans, limit - len(entries))
                if len(read) == limit - len(entries):
                    rest = self._rest_after(read[-1].position)
                entries += read
            self._low, self._high = rest
        return FoundEvents(entries, self._high + 1 if self._descending else self._low - 1)

    async def count_events(self, limit: int) -> int:
        """Count events, stopping at about `limit`."""
        indexed = await blocks.read_indexed_position(self._connection)
        self._left = limit * BLOCK_SIZE
        found = 0
        while self._low <= self._high and found < limit:
            spans, (self._low, self._high) = await self._next_spans(indexed)
            if spans:
                found += await log.count_span_entries(self._connection, spans, self._wanted)
        return found

    def _rest_after(self, position: int) -> Span:
        """Return the span that remains after `position` was read."""
        return (self._low, position - 1) if self._descending else (position + 1, self._high)

    async def _next_spans(self, indexed: int) -> tuple[list[Span], Span]:
        """Return the spans to read next, and the span that remains after them."""
        if self._descending and self._high > indexed:
            first = max(self._high - UNINDEXED_MAX + 1, indexed + 1, self._low)
            return [(first, self._high)], (self._low, first - 1)
        if not self._descending and self._low > indexed:
            last = min(self._low + UNINDEXED_MAX - 1, self._high)
            return [(self._low, last)], (last + 1, self._high)
        return await self._next_blocks(min(self._high, indexed))

    async def _next_blocks(self, high: int) -> tuple[list[Span], Span]:
        limit = max(1, min(self._blocks, self._left // BLOCK_SIZE))
        self._blocks = min(self._blocks * 2, BLOCKS_MAX)
        found = await blocks.list_blocks(
            self._connection,
            self._wanted,
            (self._low, high),
            descending=self._descending,
            limit=limit,
        )
        spans = [self._clip(block_span(block), high) for block in found]
        if self._descending:
            rest = (self._low, spans[-1][0] - 1 if len(found) == limit else self._low - 1)
        else:
            rest = (spans[-1][1] + 1 if len(found) == limit else high + 1, self._high)
        return spans, rest

    def _clip(self, span: Span, high: int) -> Span:
        return max(span[0], self._low), min(span[1], high)

    async def _read(self, spans: Sequence[Span], limit: int) -> list[LogEntry]:
        has_query = self._wanted.has_query
        read = await log.list_span_entries(
            self._connection,
            spans,
            self._wanted,
            descending=self._descending,
            limit=BLOCK_SIZE * BLOCKS_MAX if has_query else limit,
        )
        if not has_query:
            return read
        return [entry for entry in read if self._wanted.query.matches(entry)][:limit]
