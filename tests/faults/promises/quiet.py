"""Promises after the faults: everything runs, nothing hangs, and no work is left."""

import asyncio
from typing import Any

import psutil

from deploy.local import runner
from deploy.local.programs import SERVICES
from tests.faults.history import History
from tests.faults.mesh import FaultMesh
from tests.faults.promises.evidence import Evidence
from tests.faults.report import Finding, PromiseViolation
from tests.faults.subscribers import Subscriber

POLL_SECONDS = 0.5
IDLE_SECONDS = 10


async def check(evidence: Evidence) -> list[Finding]:
    return [
        settled(evidence),
        await dead_letters(evidence),
        stuck_processes(evidence.mesh),
        await stuck_sessions(evidence),
    ]


async def settle(
    database: Any, mesh: FaultMesh, history: History, subscribers: list[Subscriber], seconds: float
) -> list[str]:
    """Wait until no work is left. Return what is left after `seconds`."""
    deadline = history.now() + seconds
    while True:
        left = await unsettled(database, mesh, subscribers)
        if not left or history.now() > deadline:
            return left
        await asyncio.sleep(POLL_SECONDS)


async def pending_updates(database: Any) -> int:
    query = "SELECT count(*) FROM telegram.updates WHERE state = 'pending'"
    return await database.fetchval(query) or 0


async def unsettled(database: Any, mesh: FaultMesh, subscribers: list[Subscriber]) -> list[str]:
    left = [
        f"{number} events wait in the outbox of {service}"
        for service in SERVICES
        if (number := await database.fetchval(f"SELECT count(*) FROM {service}.outbox"))
    ]
    for state in ("pending", "failed"):
        query = "SELECT count(*) FROM telegram.updates WHERE state = $1"
        if number := await database.fetchval(query, state):
            left.append(f"{number} updates are {state}")
    if number := await database.fetchval("SELECT count(*) FROM payments.early_refunds"):
        left.append(f"{number} refunds wait for their payments")
    head = await database.fetchval("SELECT position FROM events.head")
    left += [
        f"{subscriber.name} is at {subscriber.position} of {head}"
        for subscriber in subscribers
        if subscriber.position < head
    ]
    left += await late_consumers(database)
    if not await asyncio.to_thread(runner.is_ready, f"{mesh.gateway}/readyz"):
        left.append("the gateway is not ready")
    states = await asyncio.to_thread(mesh.states)
    left += [f"{name} is {state}" for name, state in states.items() if state != "RUNNING"]
    return left


async def late_consumers(database: Any) -> list[str]:
    """Return the consumers that have not handled all of their events."""
    if not await database.fetchval("SELECT to_regclass('users.purchases')"):
        return []
    types = ["payment.completed", "payment.refunded"]
    last = await database.fetchval(
        "SELECT coalesce(max(position), 0) FROM events.log WHERE type = ANY($1)", types
    )
    query = "SELECT coalesce(max(position), 0) FROM users.positions WHERE consumer = 'users'"
    at = await database.fetchval(query)
    return [f"users has reacted up to {at} of {last}"] if at < last else []


def settled(evidence: Evidence) -> Finding:
    found = [PromiseViolation("mesh", text) for text in evidence.settled]
    return Finding("queues are empty and all programs run at the end", len(SERVICES) + 4, found)


async def dead_letters(evidence: Evidence) -> Finding:
    finding = Finding("no event is dead-lettered", len(evidence.entries))
    for service in SERVICES:
        rows = await evidence.rows(f"SELECT consumer, position, error FROM {service}.dead_letters")
        finding.violations += [
            PromiseViolation(row["consumer"], f"{row['position']}: {row['error']}") for row in rows
        ]
    return finding


def stuck_processes(mesh: FaultMesh) -> Finding:
    processes = mesh.all_processes()
    finding = Finding("no process is stopped or dead", len(processes))
    for process in processes:
        try:
            status = process.status()
        except psutil.Error:
            continue
        if status in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}:
            text = f"pid {process.pid} ({process.name()}) is {status}"
            finding.violations.append(PromiseViolation("mesh", text))
    return finding


async def stuck_sessions(evidence: Evidence) -> Finding:
    rows = await evidence.rows(
        """
        SELECT pid, state, query, wait_event_type, extract(epoch FROM now() - state_change) AS age
        FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
        """
    )
    finding = Finding("no session of PostgreSQL hangs", len(rows))
    for row in rows:
        idle = str(row["state"]).startswith("idle in transaction")
        if row["age"] > IDLE_SECONDS and (idle or row["wait_event_type"] == "Lock"):
            text = f"pid {row['pid']}, {row['state']} for {row['age']:.0f} s: {row['query'][:80]}"
            finding.violations.append(PromiseViolation("mesh", text))
    return finding
