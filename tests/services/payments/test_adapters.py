import grpc
import pytest
from libral.telegram.v1 import telegram_pb2

from services.kernel.errors import FailedPreconditionError
from services.payments.domain.reconciliations import StatementEntry
from tests.services.payments.helpers import payment


async def test_a_refund_is_asked_for_by_charge(telegram_client, telegram):
    await telegram_client.refund_stars(payment())
    assert telegram.refunded == ["charge"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.FAILED_PRECONDITION, FailedPreconditionError),
        (grpc.StatusCode.INVALID_ARGUMENT, FailedPreconditionError),
        (grpc.StatusCode.UNAVAILABLE, grpc.aio.AioRpcError),
        (grpc.StatusCode.INTERNAL, grpc.aio.AioRpcError),
    ],
)
async def test_errors_of_a_refund(telegram_client, telegram, code, expected):
    telegram.failure = code
    with pytest.raises(expected) as failure:
        await telegram_client.refund_stars(payment())
    if isinstance(failure.value, FailedPreconditionError):
        assert failure.value.reason == "REFUND_REFUSED"
        assert failure.value.message == "Telegram refused the refund: BALANCE_TOO_LOW"


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (99, 1), (100, 2), (101, 2)])
async def test_the_statement_is_read_page_by_page(telegram_client, telegram, count, pages):
    telegram.statement = [
        telegram_pb2.StarTransaction(id=f"charge-{number}", amount=number, incoming=number % 2 == 0)
        for number in range(count)
    ]
    found = [one async for one in telegram_client.star_transactions()]
    assert found == [
        StatementEntry(f"charge-{number}", number, number % 2 == 0) for number in range(count)
    ]
    assert telegram.pages == pages


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.FAILED_PRECONDITION, FailedPreconditionError),
        (grpc.StatusCode.INVALID_ARGUMENT, grpc.aio.AioRpcError),
        (grpc.StatusCode.UNAVAILABLE, grpc.aio.AioRpcError),
    ],
)
async def test_errors_of_a_statement(telegram_client, telegram, code, expected):
    telegram.failure = code
    with pytest.raises(expected) as failure:
        _ = [one async for one in telegram_client.star_transactions()]
    if isinstance(failure.value, FailedPreconditionError):
        assert failure.value.reason == "STATEMENT_UNAVAILABLE"
