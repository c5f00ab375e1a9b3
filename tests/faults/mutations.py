"""Mutations, each of which removes one safeguard from a running service. The harness must fail."""

import asyncio
from collections.abc import Callable
from typing import Any

PAUSE_SECONDS = 0.5
STALE_SECONDS = 0.05


def remove_fence() -> None:
    """Let the relay read rows while older transactions are still open."""
    from services.kernel.events import relay  # noqa: PLC0415

    relay.SETTLED = "true"


def remove_idempotency() -> None:
    """Let the log append events whose id it already has."""
    from services.events.storage import log  # noqa: PLC0415

    async def find_positions(*_: Any) -> dict[Any, int]:
        return {}

    log.find_positions = find_positions


def part_position() -> None:
    """Commit the position of a reaction before its effect, in separate transactions."""
    from services.kernel.events.consumer import EventConsumer  # noqa: PLC0415

    move: Any = EventConsumer._advance

    async def move_alone(self: Any, connection: Any, position: int) -> bool:
        moved: bool = await move(self, connection, position)
        await connection.exec_driver_sql("COMMIT")
        await asyncio.sleep(PAUSE_SECONDS)
        await connection.exec_driver_sql("BEGIN")
        return moved

    EventConsumer._advance = move_alone


def remove_head_lock() -> None:
    """Let two processes append after the same, possibly stale head."""
    from services.events.storage import log  # noqa: PLC0415

    async def read_head(connection: Any) -> Any:
        head = await log.read_head(connection)
        await asyncio.sleep(STALE_SECONDS)
        return head

    log.lock_head = read_head
    checked, unchecked = "position = $14 AND", "$14::bigint IS NOT NULL OR"
    assert checked in log.APPEND
    log.APPEND = log.APPEND.replace(checked, unchecked)


def remove_gap_check() -> None:
    """Stream new events without checking for events that other processes appended between."""
    from services.events.domain.recent import RecentEvents  # noqa: PLC0415

    def append_next(self: Any, events: Any) -> bool:
        self._events.extend(events)
        self.position = max([self.position, *(entry.position for entry, _ in events)])
        return True

    def list_after(self: Any, position: int, limit: int) -> Any:
        return [event for event in self._events if event[0].position > position][:limit] or None

    RecentEvents.append_next, RecentEvents.list_after = append_next, list_after


MUTATIONS: dict[str, Callable[[], None]] = {
    "fence": remove_fence,
    "idempotency": remove_idempotency,
    "position": part_position,
    "head-lock": remove_head_lock,
    "gap-check": remove_gap_check,
}


def apply(name: str) -> None:
    MUTATIONS[name]()
