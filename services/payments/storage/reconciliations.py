"""Reconciliations in PostgreSQL, and the payments that are compared."""

from typing import Any

from sqlalchemy import RowMapping, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payments.domain.payments import STARS, PaymentState, TimeCursor
from services.payments.domain.reconciliations import Difference, Reconciliation, StarPayment
from services.payments.storage.tables import PAYMENTS, RECONCILIATIONS


async def read_star_payments(connection: AsyncConnection) -> dict[str, StarPayment]:
    """Return the payments in Stars by charge id."""
    query = select(PAYMENTS.c.charge_id, PAYMENTS.c.amount, PAYMENTS.c.state)
    rows = await connection.execute(query.where(PAYMENTS.c.currency == STARS))
    return {row[0]: StarPayment(int(row[1]), PaymentState(row[2])) for row in rows}


async def insert_reconciliation(connection: AsyncConnection, result: Reconciliation) -> None:
    values = vars(result) | {"differences": [to_json(one) for one in result.differences]}
    await connection.execute(insert(RECONCILIATIONS).values(**values))


async def list_reconciliations(
    connection: AsyncConnection, before: TimeCursor | None, limit: int
) -> list[Reconciliation]:
    """Return at most `limit` reconciliations, newest first, after the cursor `before`."""
    order = (RECONCILIATIONS.c.create_time.desc(), RECONCILIATIONS.c.id.desc())
    query = select(RECONCILIATIONS).order_by(*order).limit(limit)
    if before is not None:
        query = query.where(tuple_(RECONCILIATIONS.c.create_time, RECONCILIATIONS.c.id) < before)
    return [to_reconciliation(row) for row in (await connection.execute(query)).mappings()]


def to_reconciliation(row: RowMapping) -> Reconciliation:
    values: dict[str, Any] = dict(row)
    values["differences"] = [
        Difference(one["id"], one["problem"], one["telegram"], one["ledger"])
        for one in row["differences"]
    ]
    return Reconciliation(**values)


def to_json(difference: Difference) -> dict[str, Any]:
    return {
        "id": difference.charge_id,
        "problem": difference.problem,
        "telegram": difference.telegram_amount,
        "ledger": difference.ledger_amount,
    }
