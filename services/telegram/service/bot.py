"""Operations of the bot for operators and services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from services.kernel.clock import Clock
from services.kernel.errors import LibralError
from services.telegram.domain.bot import (
    BotStatus,
    Invoice,
    SentMessage,
    StarTransaction,
    check_invoice,
    check_message,
)

if TYPE_CHECKING:
    from services.telegram.adapters.bot_api import BotApi


class BotService:
    """Uses the Bot API. `status` is the result of the last check of the connection.

    Every method except `check_connection` raises FailedPreconditionError if Telegram refuses the
    call, and UnavailableError if Telegram is unavailable.
    """

    def __init__(self, api: BotApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self.status = BotStatus()

    async def check_connection(self) -> None:
        """Update `status`. A failure keeps the profile of the last check that succeeded."""
        try:
            profile = await self._api.get_profile()
            self.status = BotStatus(profile, "", self._clock.now())
        except LibralError as error:
            problem = error.localized or error.message
            self.status = replace(self.status, problem=problem, check_time=self._clock.now())

    async def send_message(self, chat_id: int, text: str) -> SentMessage:
        """Send a text to a chat.

        Raises:
            InvalidArgumentError: The chat is missing, or the text is empty or too long.
        """
        check_message(chat_id, text)
        return await self._api.send_text(chat_id, text)

    async def create_invoice_link(self, invoice: Invoice) -> str:
        """Return a link at which an invoice can be paid.

        Raises:
            InvalidArgumentError: With every field that the Bot API would refuse.
        """
        check_invoice(invoice)
        return await self._api.create_invoice_link(invoice)

    async def refund_stars(self, telegram_id: int, charge_id: str) -> None:
        """Refund a charge. A charge that is already refunded is not an error."""
        await self._api.refund_stars(telegram_id, charge_id)

    async def list_star_transactions(self, offset: int, limit: int) -> Sequence[StarTransaction]:
        """Return the bot's transactions, oldest first."""
        return await self._api.list_star_transactions(offset, limit)
