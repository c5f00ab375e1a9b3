"""Latency from an event's append to its row on screen, with many open dashboards.

Every dashboard shows the events page in a separate session. One is a page in a real browser; the
others are simulated operators (`--browsers` sets the number of real ones). 500 events a second are
appended, each with its append time in its subject. A page records when a row with such a subject is
drawn. Everything runs on this machine and uses its clock.
"""

import asyncio
import shutil
import statistics
import threading
import time
from typing import Any, Protocol
from uuid import uuid4

import uvloop
from libral.events.v1 import events_pb2
from playwright.sync_api import Browser, Page, sync_playwright

from gateway.upstream import UpstreamCall
from gateway.upstream.lean import LeanUpstream
from tests.benchmarks.events.operators import Operators
from tests.benchmarks.events.service import (
    APPEND,
    CALL_SECONDS,
    PACKAGE,
    password,
    service_token,
)
from tests.benchmarks.figures import Figure
from tests.benchmarks.gateway.mesh import BenchmarkMesh, wait_ready

RATE = 500
TICK_SECONDS = 0.02
MARK = "bench-"
PERCENTILE = 95
SETTLE_SECONDS = 5.0
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WATCH = """
    () => {
        window.delays = [];
        const seen = new Set();
        const note = node => {
            for (const [, stamp, id] of (node.textContent || '').matchAll(/bench-(\\d+)-(\\w+)/g)) {
                if (!seen.has(id)) { seen.add(id); window.delays.push(Date.now() - Number(stamp)); }
            }
        };
        new MutationObserver(changes => {
            for (const change of changes) {
                change.addedNodes.forEach(note);
                if (change.type === 'characterData') note(change.target);
            }
        }).observe(document.body, {childList: true, subtree: true, characterData: true});
    }
"""


class Screens(Protocol):
    """The number of screens, the number in a real browser, and the seconds to run."""

    screens: int
    browsers: int
    seconds: int


def measure(mesh: BenchmarkMesh, size: Screens) -> list[Figure]:
    path = next(filter(None, map(shutil.which, BROWSERS)))
    wait_ready(f"{dashboard_url(mesh)}/healthz")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    drawn = min(size.browsers, size.screens)
    others = Operators(dashboard_url(mesh), password(mesh), size.screens - drawn)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            pages = [open_page(browser, mesh) for _ in range(drawn)]
            with others.looking():
                delays = watch(pages, mesh, size.seconds)
        finally:
            browser.close()
    sent = RATE * size.seconds
    share = len(delays) / (sent * drawn)
    cuts = statistics.quantiles(delays, n=100)
    print(f"\n{RATE} events/s for {size.seconds} s on {size.screens} screens, {drawn} drawn here")
    print(
        f"  event to browser: p50 {cuts[49]:.0f} ms, p95 {cuts[94]:.0f} ms, p99 {cuts[98]:.0f} ms"
    )
    print(f"  rows drawn: {share:.0%} of all events; messages to the others: {others.received:,}")
    return [Figure("event_to_browser_p95_ms", cuts[PERCENTILE - 1], 250.0, len(delays))]


def dashboard_url(mesh: BenchmarkMesh) -> str:
    return f"http://127.0.0.1:{mesh.gateway.environ()['LIBRAL_DASHBOARD_PORT']}"


def open_page(browser: Browser, mesh: BenchmarkMesh) -> Page:
    """Sign in with a new session and open the events page."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="ja-JP")
    page = context.new_page()
    base = dashboard_url(mesh)
    page.goto(base)
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", password(mesh))
    page.click("button[type=submit]")
    page.wait_for_selector(".tile .value:not(.none)")
    page.goto(f"{base}/events")
    page.wait_for_selector(".live-list-row")
    page.evaluate(WATCH)
    return page


def watch(pages: list[Page], mesh: BenchmarkMesh, seconds: int) -> list[float]:
    """Append events for `seconds`. Return all delays that the pages recorded, in milliseconds."""
    sending = threading.Thread(target=lambda: uvloop.run(send(mesh, seconds)))
    sending.start()
    sending.join()
    time.sleep(SETTLE_SECONDS)
    return [delay for page in pages for delay in page.evaluate("window.delays")]


async def send(mesh: BenchmarkMesh, seconds: int) -> None:
    """Append 500 events a second, one call each tick."""
    upstream = LeanUpstream("benchmark", [mesh.targets[PACKAGE]])
    metadata = [("authorization", f"Bearer {service_token(mesh)}")]
    began = time.perf_counter()
    sent, calls = 0, set[asyncio.Task[Any]]()
    try:
        while (passed := time.perf_counter() - began) < seconds:
            due = int(passed * RATE) - sent
            if due:
                message = ticks(due).SerializeToString()
                calls.add(
                    asyncio.create_task(
                        upstream.unary(UpstreamCall(APPEND, message, metadata, CALL_SECONDS))
                    )
                )
                sent += due
            await asyncio.sleep(TICK_SECONDS)
        await asyncio.gather(*calls)
    finally:
        await upstream.close()


def ticks(count: int) -> events_pb2.AppendEventsRequest:
    request = events_pb2.AppendEventsRequest()
    for _ in range(count):
        stamp = time.time_ns()
        event = request.events.add(
            id=str(uuid4()),
            type="bench.tick",
            source="metrics",
            subject=f"{MARK}{stamp // 1_000_000}-{uuid4().hex[:12]}",
            category=events_pb2.Event.SYSTEM,
        )
        event.time.FromNanoseconds(stamp)
    return request
