"""What the harness must notice: each mutation takes one safeguard out of a running room."""

import asyncio
from collections.abc import Callable
from typing import Any

PAUSE_SECONDS = 0.3


def remove_fence() -> None:
    """The relay takes rows while transactions that began before theirs are still open."""
    from services.kernel import outbox  # noqa: PLC0415

    outbox.SETTLED = "true"


def remove_idempotency() -> None:
    """The log does not look whether it has an event already."""
    from services.events import storage  # noqa: PLC0415

    async def find_positions(*_: Any) -> dict[Any, int]:
        return {}

    storage.find_positions = find_positions


def part_position() -> None:
    """A reaction's effect is one transaction, and its position another, a moment later."""
    from services.kernel.subscriptions import Subscription  # noqa: PLC0415

    move: Any = Subscription._move

    async def move_later(self: Any, connection: Any, *arguments: Any) -> None:
        await connection.exec_driver_sql("COMMIT")
        await asyncio.sleep(PAUSE_SECONDS)
        await connection.exec_driver_sql("BEGIN")
        await move(self, connection, *arguments)

    Subscription._move = move_later


def remove_head_lock() -> None:
    """Two processes may append behind the same head."""
    from services.events import storage  # noqa: PLC0415

    storage.lock_head = storage.read_head


MUTATIONS: dict[str, Callable[[], None]] = {
    "fence": remove_fence,
    "idempotency": remove_idempotency,
    "position": part_position,
    "head-lock": remove_head_lock,
}


def apply(name: str) -> None:
    MUTATIONS[name]()
