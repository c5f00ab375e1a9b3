"""Durable appends a second: through AppendEvents, and directly into the same PostgreSQL.

Direct writes put the same rows, prepared beforehand, into a table with the same columns and a
primary key: by COPY in transactions of 500 rows over one connection, and by INSERT of one row a
transaction over 32 connections and over one. They assign no positions, compute no hashes, detect no
duplicates and notify no listeners. All commits wait for the disk.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import asyncpg
import uvloop
from libral.events.v1 import events_pb2

from services.events.servicer.event_messages import parse_events
from tests.benchmarks.events.service import append, database_url, make_requests
from tests.benchmarks.figures import Figure, measure_in_turns, print_figures
from tests.benchmarks.gateway.mesh import BenchmarkMesh

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

LogRow = tuple[Any, ...]


class Rounds(Protocol):
    """The number of rounds of each side."""

    rounds: int


def measure(mesh: BenchmarkMesh, size: Rounds) -> list[Figure]:
    url = database_url(mesh)
    uvloop.run(prepare(url))
    seed = iter(range(10**6))
    batches = {
        "AppendEvents in 500s": lambda: append_through_service(
            mesh, BATCHES, BATCH, BATCHES_AT_ONCE, next(seed)
        ),
        "COPY in 500s": lambda: write_to_database(url, BATCHES * BATCH, next(seed), copy_rows),
    }
    singles = {
        "AppendEvents one by one, 32 clients": lambda: append_through_service(
            mesh, SINGLES, 1, CLIENTS, next(seed)
        ),
        "commits of one row, 32 connections": lambda: write_to_database(
            url, SINGLES, next(seed), commit_rows
        ),
        "commits of one row, 1 connection": lambda: write_to_database(
            url, SINGLES, next(seed), commit_one_by_one
        ),
    }
    n_batched, n_single = size.rounds * BATCHES * BATCH, size.rounds * SINGLES
    batched = measure_in_turns(batches, size.rounds)
    print_figures("durable appends in batches", batched, "rows/s", n_batched)
    single = measure_in_turns(singles, size.rounds)
    print_figures("durable appends of one event", single, "rows/s", n_single)
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


def append_through_service(
    mesh: BenchmarkMesh, count: int, size: int, at_once: int, seed: int
) -> float:
    """Append through the events service. Return rows a second."""
    requests = make_requests(count, size, seed)
    began = time.perf_counter()
    uvloop.run(append(mesh, requests, at_once))
    return count * size / (time.perf_counter() - began)


def write_to_database(
    url: str, count: int, seed: int, write: Callable[[str, list[LogRow]], Any]
) -> float:
    """Write directly into the database. Return rows a second."""
    rows = make_rows(count, seed)
    began = time.perf_counter()
    uvloop.run(write(url, rows))
    return count / (time.perf_counter() - began)


def make_rows(count: int, seed: int) -> list[LogRow]:
    """Return the rows that the log would store for such events."""
    rows: list[LogRow] = []
    for message in make_requests(-(-count // BATCH), BATCH, seed):
        entries = parse_events(events_pb2.AppendEventsRequest.FromString(message).events)
        rows += [
            (*entry[:10], entry.time, number, bytes(32)) for number, entry in enumerate(entries)
        ]
    return rows[:count]


async def copy_rows(url: str, rows: Sequence[LogRow]) -> None:
    connection = await asyncpg.connect(url)
    for first in range(0, len(rows), BATCH):
        await connection.copy_records_to_table("raw", records=rows[first : first + BATCH])
    await connection.close()


async def commit_rows(url: str, rows: Sequence[LogRow], connections: int = CLIENTS) -> None:
    turns = iter(rows)
    opened = [await asyncpg.connect(url) for _ in range(connections)]

    async def work(connection: Any) -> None:
        for row in turns:
            await connection.execute(INSERT, *row)

    await asyncio.gather(*map(work, opened))
    for connection in opened:
        await connection.close()


async def commit_one_by_one(url: str, rows: Sequence[LogRow]) -> None:
    await commit_rows(url, rows, 1)
