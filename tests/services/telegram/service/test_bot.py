from datetime import timedelta

import pytest

from services.kernel.errors import FailedPreconditionError, InvalidArgumentError
from services.telegram.domain.bot import BotProfile, BotState, BotStatus, Invoice
from services.telegram.service.bot import BotService

PROFILE = BotProfile(123456, "libral_bot")
INVOICE = Invoice("本", "良い本", "order-1", 100, subscription=False)


@pytest.fixture
def bot(bot_api, clock) -> BotService:
    return BotService(bot_api, clock)


async def test_a_failed_check_keeps_the_last_profile(bot, api, clock):
    assert bot.status == BotStatus()
    api.failures["getMe"] = (500, "Internal Server Error")
    await bot.check_connection()
    problem = "Telegramが応答していません。"
    assert bot.status == BotStatus(None, problem, clock.time)
    api.failures.clear()
    clock.time += timedelta(seconds=30)
    await bot.check_connection()
    assert bot.status == BotStatus(PROFILE, "", clock.time)
    assert bot.status.state == BotState.CONNECTED
    api.failures["getMe"] = (401, "Unauthorized")
    clock.time += timedelta(seconds=30)
    await bot.check_connection()
    problem = "Telegramがボットのトークンを受け付けません。"
    assert bot.status == BotStatus(PROFILE, problem, clock.time)


async def test_invalid_messages_and_invoices_are_not_sent(bot, api):
    with pytest.raises(InvalidArgumentError):
        await bot.send_message(0, "x")
    with pytest.raises(InvalidArgumentError):
        await bot.create_invoice_link(Invoice("", "", "", 0, subscription=False))
    assert api.calls == []


async def test_messages_invoices_and_refunds_reach_telegram(bot, api):
    assert (await bot.send_message(42, "x")).chat_id == 42
    assert await bot.create_invoice_link(INVOICE) == "https://t.me/$made-up"
    await bot.refund_stars(42, "charge-1")
    assert await bot.list_star_transactions(0, 10) == []
    names = ["sendMessage", "createInvoiceLink", "refundStarPayment", "getStarTransactions"]
    assert [name for name, _ in api.calls] == names


async def test_what_telegram_refuses_is_raised(bot, api):
    api.failures["sendMessage"] = (403, "Forbidden: bot was blocked by the user")
    with pytest.raises(FailedPreconditionError, match="blocked"):
        await bot.send_message(42, "x")
