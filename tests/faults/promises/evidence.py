"""The data that promises are checked on: the rows of the log, the tables, the history."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from services.events.domain.entries import Head, LogEntry
from tests.faults.client import FaultClient
from tests.faults.history import History
from tests.faults.mesh import FaultMesh
from tests.faults.subscribers import Subscriber

READ = f"SELECT {', '.join(LogEntry._fields)} FROM events.log ORDER BY position"


@dataclass(frozen=True)
class Evidence:
    """All data of a run. `database` is a direct connection to PostgreSQL."""

    mesh: FaultMesh
    client: FaultClient
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
    """Read the whole log and its head in one snapshot, with plain SQL."""
    async with database.transaction(isolation="repeatable_read", readonly=True):
        rows = await database.fetch(
            f"SELECT {', '.join(LogEntry._fields)} FROM events.log ORDER BY position"
        )
        head = await database.fetchrow("SELECT position, hash FROM events.head")
    return [LogEntry(*row) for row in rows], Head(head["position"], head["hash"])


def data_of(entry: LogEntry) -> dict[str, Any]:
    return dict(orjson.loads(entry.data))
