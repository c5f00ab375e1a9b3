"""From an event's append to its row on a screen, with many dashboards open.

Every dashboard is on イベント, in a session of its own. One is a page in a real browser; the
others are operators whose browsers are elsewhere (`--browsers` has more of them drawn here). 500
events a second are appended, each with the time of its append in its subject; a page notes when
a row that holds one is drawn. All of it runs on this machine, whose clock is one.
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
from tests.benchmarks.events.room import (
    APPEND,
    CALL_SECONDS,
    PACKAGE,
    password,
    service_token,
)
from tests.benchmarks.figures import Figure
from tests.benchmarks.gateway.mesh import Mesh, wait_ready

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
    """How many screens, how many of them in a browser here, and for how many seconds."""

    screens: int
    browsers: int
    seconds: int


def measure(mesh: Mesh, extent: Screens) -> list[Figure]:
    path = next(filter(None, map(shutil.which, BROWSERS)))
    wait_ready(f"{dashboard_url(mesh)}/healthz")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    drawn = min(extent.browsers, extent.screens)
    others = Operators(dashboard_url(mesh), password(mesh), extent.screens - drawn)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            pages = [open_page(browser, mesh) for _ in range(drawn)]
            with others.looking():
                delays = watch(pages, mesh, extent.seconds)
        finally:
            browser.close()
    sent = RATE * extent.seconds
    share = len(delays) / (sent * drawn)
    cuts = statistics.quantiles(delays, n=100)
    print(
        f"\n{RATE} events/s for {extent.seconds} s on {extent.screens} screens, {drawn} drawn here"
    )
    print(
        f"  event to browser: p50 {cuts[49]:.0f} ms, p95 {cuts[94]:.0f} ms, p99 {cuts[98]:.0f} ms"
    )
    print(f"  rows drawn: {share:.0%} of all events; messages to the others: {others.heard:,}")
    return [Figure("event_to_browser_p95_ms", cuts[PERCENTILE - 1], 250.0, len(delays))]


def dashboard_url(mesh: Mesh) -> str:
    return f"http://127.0.0.1:{mesh.gateway.environ()['LIBRAL_DASHBOARD_PORT']}"


def open_page(browser: Browser, mesh: Mesh) -> Page:
    """Signs in, in a session of its own, and goes to the events."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="ja-JP")
    page = context.new_page()
    base = dashboard_url(mesh)
    page.goto(base)
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", password(mesh))
    page.click("button[type=submit]")
    page.wait_for_selector(".tile .value:not(.none)")
    page.goto(f"{base}/events")
    page.wait_for_selector(".feed-row")
    page.evaluate(WATCH)
    return page


def watch(pages: list[Page], mesh: Mesh, seconds: int) -> list[float]:
    """Appends events for so long. Tells all delays that the pages have noted, in milliseconds."""
    sending = threading.Thread(target=lambda: uvloop.run(send(mesh, seconds)))
    sending.start()
    sending.join()
    time.sleep(SETTLE_SECONDS)
    return [delay for page in pages for delay in page.evaluate("window.delays")]


async def send(mesh: Mesh, seconds: int) -> None:
    """Appends 500 events a second, in one call each tick."""
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
