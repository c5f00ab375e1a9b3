"""A client of the telegram service."""

from collections.abc import AsyncIterator

import grpc
from libral.telegram.v1 import telegram_pb2, telegram_pb2_grpc

from services.kernel.errors import FailedPreconditionError
from services.kernel.status import reason_of
from services.payments.domain.payments import Payment
from services.payments.domain.reconciliations import StatementEntry

PAGE_SIZE = 100
TRANSACTIONS_MAX = 100_000
REFUSAL_CODES = frozenset({grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT})


class TelegramClient:
    """Calls the telegram service. AioRpcError means that a retry may succeed."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = telegram_pb2_grpc.TelegramServiceStub(channel)

    async def refund_stars(self, payment: Payment) -> None:
        """Return the Stars of a payment to the customer. Repeating it has no further effect.

        Raises:
            FailedPreconditionError: Telegram refuses the refund.
            AioRpcError: The service or Telegram is unavailable.
        """
        request = telegram_pb2.RefundStarsRequest(
            telegram_id=payment.telegram_id, telegram_charge_id=payment.charge_id
        )
        try:
            await self._stub.RefundStars(request)
        except grpc.aio.AioRpcError as error:
            if error.code() not in REFUSAL_CODES:
                raise
            raise FailedPreconditionError(
                reason_of(error) or "REFUND_REFUSED",
                f"Telegram refused the refund: {error.details()}",
                localized="Telegramが返金を受け付けませんでした。",
            ) from None

    async def star_transactions(self) -> AsyncIterator[StatementEntry]:
        """Yield the transactions of the bot's statement, at most `TRANSACTIONS_MAX`.

        Raises:
            FailedPreconditionError: Telegram refuses the statement.
            AioRpcError: The service or Telegram is unavailable.
        """
        for offset in range(0, TRANSACTIONS_MAX, PAGE_SIZE):
            request = telegram_pb2.ListStarTransactionsRequest(offset=offset, limit=PAGE_SIZE)
            try:
                page = await self._stub.ListStarTransactions(request)
            except grpc.aio.AioRpcError as error:
                if error.code() != grpc.StatusCode.FAILED_PRECONDITION:
                    raise
                raise FailedPreconditionError(
                    reason_of(error) or "STATEMENT_UNAVAILABLE",
                    f"Telegram refused the statement: {error.details()}",
                    localized="Telegramの取引明細を取得できません。",
                ) from None
            for one in page.transactions:
                yield StatementEntry(one.id, one.amount, one.incoming)
            if len(page.transactions) < PAGE_SIZE:
                return
