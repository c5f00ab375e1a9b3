import asyncio
from uuid import UUID

from services.users.domain.purchases import Purchase
from services.users.storage import purchases as storage

USER, OTHER = UUID(int=1), UUID(int=2)


async def test_purchases_are_added_up_by_user_and_currency(use_cases):
    async with use_cases.database.transaction() as connection:
        for one in (
            Purchase(USER, "XTR", 1, 0, 100, 0),
            Purchase(USER, "XTR", 0, 1, 0, 40),
            Purchase(USER, "JPY", 1, 0, 500, 0),
            Purchase(OTHER, "XTR", 1, 0, 7, 0),
        ):
            await storage.add_purchase(connection, one)
        yen, stars = Purchase(USER, "JPY", 1, 0, 500, 0), Purchase(USER, "XTR", 1, 1, 100, 40)
        assert await storage.list_purchases(connection, USER, "", 10) == [yen, stars]
        assert await storage.list_purchases(connection, USER, "", 1) == [yen]
        assert await storage.list_purchases(connection, USER, "JPY", 10) == [stars]


async def test_purchases_at_once_are_all_counted(use_cases):
    async def add() -> None:
        async with use_cases.database.transaction() as connection:
            await storage.add_purchase(connection, Purchase(USER, "XTR", 1, 0, 10, 0))

    await asyncio.gather(*(add() for _ in range(5)))
    async with use_cases.database.reading() as connection:
        (found,) = await storage.list_purchases(connection, USER, "", 10)
    assert (found.payment_count, found.paid_amount) == (5, 50)
