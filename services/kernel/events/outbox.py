"""Events out: written with the state they tell of. The relay takes them to the log."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.calls import Call, current_call
from services.kernel.clock import Clock, new_id
from services.kernel.database.tables import KernelTables
from services.kernel.errors import InvalidArgumentError
from services.kernel.events.event import NewEvent, violations


class Outbox:
    """Takes the events of a room inside the transaction that they tell of."""

    def __init__(self, tables: KernelTables, clock: Clock) -> None:
        self._table = tables.outbox
        self._clock = clock

    async def publish(self, connection: AsyncConnection, event: NewEvent) -> None:
        """Writes an event that reaches the log once the transaction commits.

        Raises:
            InvalidArgumentError: The log would refuse it.
        """
        await self.write(connection, [self.row(event, current_call())])

    def row(self, event: NewEvent, call: Call) -> dict[str, Any]:
        """Makes the row of an event that `call` caused.

        Raises:
            InvalidArgumentError: The log would refuse it.
        """
        texts = {
            "type": event.type,
            "subject": event.subject,
            "actor": call.caller.subject if event.actor is None else event.actor,
            "request_id": call.request_id,
        }
        if found := violations(event, texts):
            raise InvalidArgumentError(found)
        return {
            **texts,
            "id": new_id(self._clock),
            "category": event.category,
            "level": event.level,
            "time": self._clock.now(),
            "data": dict(event.data),
        }

    async def write(self, connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
        await connection.execute(insert(self._table), rows)
