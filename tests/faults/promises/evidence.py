"""What the promises are checked on: the log as its rows are, the tables, the history."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from services.events.domain.entries import Head, LogEntry
from tests.faults.client import Client
from tests.faults.history import History
from tests.faults.mesh import Mesh
from tests.faults.subscribers import Subscriber

READ = f"SELECT {', '.join(LogEntry._fields)} FROM events.log ORDER BY position"


@dataclass(frozen=True)
class Evidence:
    """Everything that a run left. `database` is a connection to PostgreSQL itself."""

    mesh: Mesh
    client: Client
    history: History
    subscribers: Sequence[Subscriber]
    database: Any
    entries: Sequence[LogEntry]
    head: Head
    settled: Sequence[str]
    """What did not become quiet in time."""

    @cached_property
    def by_type(self) -> dict[str, list[LogEntry]]:
        found: dict[str, list[LogEntry]] = {}
        for entry in self.entries:
            found.setdefault(entry.type, []).append(entry)
        return found

    @cached_property
    def by_id(self) -> dict[str, list[LogEntry]]:
        found: dict[str, list[LogEntry]] = {}
        for entry in self.entries:
            found.setdefault(str(entry.id), []).append(entry)
        return found

    async def rows(self, query: str, *values: Any) -> list[Any]:
        return list(await self.database.fetch(query, *values))


async def read_log(database: Any) -> tuple[list[LogEntry], Head]:
    """Reads the whole log and its head, of one moment, by plain SQL."""
    async with database.transaction(isolation="repeatable_read", readonly=True):
        rows = await database.fetch(
            f"SELECT {', '.join(LogEntry._fields)} FROM events.log ORDER BY position"
        )
        head = await database.fetchrow("SELECT position, hash FROM events.head")
    return [LogEntry(*row) for row in rows], Head(head["position"], head["hash"])


def data_of(entry: LogEntry) -> dict[str, Any]:
    return dict(orjson.loads(entry.data))
