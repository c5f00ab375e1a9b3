"""Waiting for a condition in an event loop."""

import asyncio
from collections.abc import Callable

SECONDS = 10
PAUSE_SECONDS = 0.02


async def until(holds: Callable[[], object], what: Callable[[], str] = lambda: "it") -> None:
    """Return when `holds()` is true. Fail with `what()` after 10 seconds."""
    for _ in range(int(SECONDS / PAUSE_SECONDS)):
        if holds():
            return
        await asyncio.sleep(PAUSE_SECONDS)
    raise AssertionError(f"Waited in vain for {what()}.")
