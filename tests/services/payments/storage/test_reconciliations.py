from datetime import timedelta
from uuid import UUID

from services.payments.domain.payments import PaymentState, TimeCursor
from services.payments.domain.reconciliations import Difference, Reconciliation, StarPayment
from services.payments.storage import reconciliations as storage
from services.payments.storage.payments import insert_payment
from tests.services.payments.helpers import NOW, payment, rows


def result(number: int) -> Reconciliation:
    differences = [Difference("charge-1", "The amounts differ.", 5, 6)] * number
    time = NOW + timedelta(hours=number)
    return Reconciliation(UUID(int=number), time, 100 + number, differences)


async def test_only_payments_in_stars_are_compared(database):
    async with database.transaction() as connection:
        await insert_payment(connection, payment(state=PaymentState.REFUNDED))
        await insert_payment(connection, payment(id=UUID(int=2), charge_id="yen", currency="JPY"))
        found = await storage.read_star_payments(connection)
    assert found == {"charge": StarPayment(100, PaymentState.REFUNDED)}


async def test_reconciliations_are_listed_newest_first(database):
    async with database.transaction() as connection:
        for number in range(3):
            await storage.insert_reconciliation(connection, result(number))
    async with database.reading() as connection:
        assert await storage.list_reconciliations(connection, None, 2) == [result(2), result(1)]
        cursor = TimeCursor(result(1).create_time, result(1).id)
        assert await storage.list_reconciliations(connection, cursor, 2) == [result(0)]


async def test_stored_differences_keep_their_keys(database):
    """Rows that an earlier version wrote stay readable."""
    async with database.transaction() as connection:
        await storage.insert_reconciliation(connection, result(1))
    (row,) = await rows(database, "SELECT differences FROM payments.reconciliations")
    assert row.differences == [
        {"id": "charge-1", "problem": "The amounts differ.", "telegram": 5, "ledger": 6}
    ]
