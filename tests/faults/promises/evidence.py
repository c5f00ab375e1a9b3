"""What the promises are checked on: the log as its rows are, the tables, the history."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import orjson

from services.events.domain import Entry, Head
from tests.faults.history import History
from tests.faults.mesh import Mesh
from tests.faults.subscribers import Subscriber


@dataclass(frozen=True)
class Evidence:
    """Everything that a run left. `database` is a connection to PostgreSQL itself."""

    mesh: Mesh
    history: History
    subscribers: Sequence[Subscriber]
    database: Any
    entries: Sequence[Entry]
    head: Head
    settled: Sequence[str]
    """What did not become quiet in time."""

    @cached_property
    def by_type(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(entry.type, []).append(entry)
        return found

    @cached_property
    def by_id(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(str(entry.id), []).append(entry)
        return found

    async def rows(self, query: str, *values: Any) -> list[Any]:
        return list(await self.database.fetch(query, *values))


async def read_log(database: Any) -> tuple[list[Entry], Head]:
    """Reads the whole log and its head, of one moment, by plain SQL."""
    names = [each.name for each in fields(Entry)]
    async with database.transaction(isolation="repeatable_read", readonly=True):
        rows = await database.fetch(f"SELECT {', '.join(names)} FROM events.log ORDER BY position")
        head = await database.fetchrow("SELECT position, hash FROM events.head")
    return [Entry(**dict(row)) for row in rows], Head(head["position"], head["hash"])


def data_of(entry: Entry) -> dict[str, Any]:
    return dict(orjson.loads(entry.data))
