"""Purchases in PostgreSQL."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.users.domain.purchases import Purchase
from services.users.storage.tables import PURCHASES


async def add_purchase(connection: AsyncConnection, purchase: Purchase) -> None:
    """Add counts and amounts to a purchase. The user need not have an account."""
    row = upsert(PURCHASES).values(**vars(purchase))
    sums = {
        name: PURCHASES.c[name] + row.excluded[name]
        for name in ("payment_count", "refund_count", "paid_amount", "refunded_amount")
    }
    await connection.execute(
        row.on_conflict_do_update(index_elements=["user_id", "currency"], set_=sums)
    )


async def list_purchases(
    connection: AsyncConnection, user_id: UUID, after: str, limit: int
) -> list[Purchase]:
    query = select(PURCHASES).where(PURCHASES.c.user_id == user_id, PURCHASES.c.currency > after)
    query = query.order_by(PURCHASES.c.currency).limit(limit)
    return [Purchase(**row) for row in (await connection.execute(query)).mappings()]
