"""One run: the mesh, the workload under faults, quiet, and the promises."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg

from tests.faults.client import Client
from tests.faults.history import Blow, History
from tests.faults.injector import Injector
from tests.faults.mesh import Mesh, running_mesh
from tests.faults.promises import check
from tests.faults.promises.evidence import Evidence, read_log
from tests.faults.promises.logs import count_lines
from tests.faults.promises.quiet import pending_updates, settle
from tests.faults.report import Finding, Violation
from tests.faults.schedule import deal
from tests.faults.subscribers import Subscriber, subscribe
from tests.faults.tasks import end
from tests.faults.workload import Workload
from tests.faults.workload.late import connect

# An update whose worker was cut off from the database is taken again after 30 seconds.
PATIENCE_SECONDS = (45.0, 90.0)
HOLD_SECONDS = 1.0
BACKLOG_MAX = 500
CATCH_UP_SECONDS = 10.0
TELL_SECONDS = 15.0
POLL_SECONDS = 0.5
AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
AHEAD = 1.6
"""The workload aims at so many times the events that are wanted: faults cost some."""
FAULTS_SHARE = 0.85
"""The part of the time in which the faults that are wanted are dealt."""


@dataclass(frozen=True)
class Extent:
    """How much a run does: at least so many events and faults, in at most so many minutes."""

    seed: int
    events: int
    faults: int
    minutes: float
    only: tuple[str, ...] = ()
    mutation: str = ""

    @property
    def seconds(self) -> float:
        return self.minutes * 60

    @property
    def patience(self) -> float:
        """How long the mesh has to finish what was begun, and then to become quiet."""
        least, most = PATIENCE_SECONDS
        return min(max(self.seconds, least), most)

    @property
    def rate(self) -> float:
        return self.events * AHEAD / self.seconds

    @property
    def interval(self) -> float:
        return self.seconds * FAULTS_SHARE / self.faults


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    findings: Sequence[Finding]
    history: History
    events: int
    faults: int
    cuts: dict[str, int]
    lines: dict[str, int]

    @property
    def green(self) -> bool:
        return not any(each.violations for each in self.findings)


async def run(extent: Extent, keep: Path) -> Outcome:
    """Runs the mesh under faults and checks every promise. Logs go to `keep`."""
    async with running_mesh(extent.mutation, keep) as mesh, opened(mesh) as client:
        history = History()
        subscribers = subscribe(client, mesh.logs_targets)
        try:
            await drive(extent, mesh, client, history, subscribers)
            say("Healed; waiting until all is quiet…")
            return await conclude(extent, mesh, client, history, subscribers)
        finally:
            for subscriber in subscribers:
                await subscriber.stop()


@contextlib.asynccontextmanager
async def opened(mesh: Mesh) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        client = Client(mesh, http)
        try:
            yield client
        finally:
            await client.close()


async def drive(
    extent: Extent, mesh: Mesh, client: Client, history: History, subscribers: list[Subscriber]
) -> None:
    """Works under faults until there were enough of both, or the time is over. Then heals."""
    workload = Workload(extent.seed, mesh, client, history, extent.rate)
    injector = Injector(extent.seed, mesh, history, workload.customers, tell_blow)
    workload.start()
    watching = asyncio.create_task(hold_back(mesh, workload))
    injector.start(deal(extent.seed, extent.interval, extent.only))
    try:
        told = 0.0
        while history.now() < extent.seconds:
            await asyncio.sleep(POLL_SECONDS)
            workload.check()
            injector.check()
            events = max(subscriber.position for subscriber in subscribers)
            if events >= extent.events and len(history.blows) >= extent.faults:
                break
            if history.now() - told > TELL_SECONDS:
                told = history.now()
                tell_progress(history, events)
        await injector.heal()
        await workload.finish(extent.patience)
    finally:
        await end([watching])
        await injector.close()
        await workload.stop()


async def hold_back(mesh: Mesh, workload: Workload) -> None:
    """Has customers wait while more of their updates wait than an outage leaves behind."""
    while True:
        with contextlib.suppress(OSError, TimeoutError, *AWAY):
            database = await connect(mesh.database_url)
            try:
                while True:
                    workload.hold(await pending_updates(database) > BACKLOG_MAX)
                    await asyncio.sleep(HOLD_SECONDS)
            finally:
                database.terminate()
        await asyncio.sleep(HOLD_SECONDS)


async def conclude(
    extent: Extent, mesh: Mesh, client: Client, history: History, subscribers: list[Subscriber]
) -> Outcome:
    database = await connect(mesh.database_url)
    try:
        healed = history.now()
        left = await settle(database, mesh, history, subscribers, extent.patience)
        say(f"Quiet after {history.now() - healed:.0f} s; checking…" if not left else str(left))
        entries, head = await read_log(database)
        await catch_up(subscribers, head.position)
        evidence = Evidence(mesh, client, history, subscribers, database, entries, head, left)
        findings = [*await check(evidence), *extent_finding(extent, history, len(entries))]
    finally:
        await database.close()
    cuts = {each.name: each.cuts for each in subscribers}
    lines = count_lines(mesh.home.logs)
    return Outcome(findings, history, len(entries), len(history.blows), cuts, lines)


async def catch_up(subscribers: list[Subscriber], position: int) -> None:
    """Waits for subscribers to see what was appended while the log was read."""
    deadline = time.monotonic() + CATCH_UP_SECONDS
    for subscriber in subscribers:
        while subscriber.position < position and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)


def extent_finding(extent: Extent, history: History, events: int) -> list[Finding]:
    """A run that did less than it was asked for shows nothing."""
    finding = Finding("the run was as long as asked for", 2)
    for name, wanted, found in (
        ("events", extent.events, events),
        ("faults", extent.faults, len(history.blows)),
    ):
        if found < wanted:
            finding.violations.append(Violation("run", f"{found:,} {name} of {wanted:,}"))
    return [finding]


def tell_progress(history: History, events: int) -> None:
    blows, operations = len(history.blows), len(history.operations)
    say(f"{history.now():6.0f} s: {events:,} events, {blows} faults, {operations:,} operations")


def tell_blow(blow: Blow) -> None:
    say(f"{blow.begun:6.0f} s: fault {blow.number}: {blow.kind} {blow.what}")


def say(text: str) -> None:
    print(text, flush=True)
