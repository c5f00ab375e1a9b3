import grpc
import pytest
from libral.telegram.v1 import telegram_pb2

from services.kernel.errors import FailedPreconditionError
from services.payments.domain.reconciliations import Difference
from services.payments.service import reconciliations
from services.payments.service.reconciliations import ReconciliationService
from tests.services.payments.helpers import charge


@pytest.fixture
def service(database, clock, telegram_client) -> ReconciliationService:
    return ReconciliationService(database, clock, telegram_client)


async def test_a_comparison_is_stored_as_it_was_made(
    service, payment_service, telegram, database, clock
):
    telegram.statement = [telegram_pb2.StarTransaction(id="a", amount=5, incoming=True)]
    await payment_service.record_charge(charge("b", amount=7))
    await payment_service.record_charge(charge("yen", currency="JPY"))
    made = await service.compare_now()
    assert (made.transaction_count, made.create_time) == (1, clock.time)
    assert made.differences == [
        Difference("a", "The ledger has no such payment.", 5, 0),
        Difference("b", "Telegram has no such payment.", 0, 7),
    ]
    assert await service.list_reconciliations(None, 10) == []
    async with database.transaction() as connection:
        await service.store_reconciliation(connection, made)
    assert await service.list_reconciliations(None, 10) == [made]


async def test_differences_are_bounded(service, payment_service, monkeypatch):
    monkeypatch.setattr(reconciliations, "DIFFERENCES_MAX", 2)
    for number in range(3):
        await payment_service.record_charge(charge(f"charge-{number}"))
    assert len((await service.compare_now()).differences) == 2


async def test_a_statement_that_telegram_refuses(service, telegram):
    telegram.failure = grpc.StatusCode.FAILED_PRECONDITION
    with pytest.raises(FailedPreconditionError):
        await service.compare_now()
