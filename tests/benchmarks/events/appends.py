"""Durable appends a second: through AppendEvents, and straight into the same PostgreSQL.

The database alone takes the same rows, prepared beforehand, into a table of the same columns with
a primary key: by COPY in transactions of 500 rows over one connection, and by INSERT of one row a
transaction over 32 connections and over one. It neither numbers nor hashes them, knows no id twice
and tells nobody. Commits wait for the disk on all sides.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import asyncpg
import uvloop
from libral.events.v1 import events_pb2

from services.events.servicer.event_messages import parse_events
from tests.benchmarks.events.room import append, database_url, make_requests
from tests.benchmarks.figures import Figure, in_turns, show
from tests.benchmarks.gateway.mesh import Mesh

BATCH = 500
BATCHES = 60
BATCHES_AT_ONCE = 8
SINGLES = 4_000
CLIENTS = 32
TABLE = """
    DROP TABLE IF EXISTS public.raw;
    CREATE TABLE public.raw (
        id uuid PRIMARY KEY, type text, source text, subject text, category smallint,
        level smallint, actor text, request_id text, time timestamptz, data text,
        append_time timestamptz, position bigint, hash bytea
    )
"""
INSERT = f"INSERT INTO public.raw VALUES ({', '.join(f'${number}' for number in range(1, 14))})"

Row = tuple[Any, ...]


class Rounds(Protocol):
    """How often each side has its turn."""

    rounds: int


def measure(mesh: Mesh, extent: Rounds) -> list[Figure]:
    url = database_url(mesh)
    uvloop.run(prepare(url))
    seed = iter(range(10**6))
    batches = {
        "AppendEvents in 500s": lambda: through(mesh, BATCHES, BATCH, BATCHES_AT_ONCE, next(seed)),
        "COPY in 500s": lambda: alone(url, BATCHES * BATCH, next(seed), copy),
    }
    singles = {
        "AppendEvents one by one, 32 clients": lambda: through(
            mesh, SINGLES, 1, CLIENTS, next(seed)
        ),
        "commits of one row, 32 connections": lambda: alone(url, SINGLES, next(seed), commit),
        "commits of one row, 1 connection": lambda: alone(url, SINGLES, next(seed), commit_alone),
    }
    n_batched, n_single = extent.rounds * BATCHES * BATCH, extent.rounds * SINGLES
    batched = in_turns(batches, extent.rounds)
    show("durable appends in batches", batched, "rows/s", n_batched)
    single = in_turns(singles, extent.rounds)
    show("durable appends of one event", single, "rows/s", n_single)
    ours, copied = batched.values()
    one, commits, _ = single.values()
    return [
        Figure("batch_vs_copy", ours / copied, 0.25, n_batched, at_least=True),
        Figure("single_vs_commit", one / commits, 2.0, n_single, at_least=True),
    ]


async def prepare(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(TABLE)
    await connection.close()


def through(mesh: Mesh, count: int, size: int, at_once: int, seed: int) -> float:
    """Appends through the room. Tells rows a second."""
    requests = make_requests(count, size, seed)
    began = time.perf_counter()
    uvloop.run(append(mesh, requests, at_once))
    return count * size / (time.perf_counter() - began)


def alone(url: str, count: int, seed: int, write: Callable[[str, list[Row]], Any]) -> float:
    """Writes into the database alone. Tells rows a second."""
    rows = make_rows(count, seed)
    began = time.perf_counter()
    uvloop.run(write(url, rows))
    return count / (time.perf_counter() - began)


def make_rows(count: int, seed: int) -> list[Row]:
    """Makes the rows that the log would have of such events."""
    rows: list[Row] = []
    for message in make_requests(-(-count // BATCH), BATCH, seed):
        entries = parse_events(events_pb2.AppendEventsRequest.FromString(message).events)
        rows += [
            (*entry[:10], entry.time, number, bytes(32)) for number, entry in enumerate(entries)
        ]
    return rows[:count]


async def copy(url: str, rows: Sequence[Row]) -> None:
    connection = await asyncpg.connect(url)
    for first in range(0, len(rows), BATCH):
        await connection.copy_records_to_table("raw", records=rows[first : first + BATCH])
    await connection.close()


async def commit(url: str, rows: Sequence[Row], connections: int = CLIENTS) -> None:
    turns = iter(rows)
    opened = [await asyncpg.connect(url) for _ in range(connections)]

    async def work(connection: Any) -> None:
        for row in turns:
            await connection.execute(INSERT, *row)

    await asyncio.gather(*map(work, opened))
    for connection in opened:
        await connection.close()


async def commit_alone(url: str, rows: Sequence[Row]) -> None:
    await commit(url, rows, 1)
