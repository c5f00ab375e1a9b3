import json

import pytest

from services.kernel.errors import FailedPreconditionError, UnavailableError
from services.telegram.adapters.bot_api import BotApi
from services.telegram.config import BotSettings
from services.telegram.domain.bot import BotProfile, Invoice, StarTransaction
from tests.fakes import botapi
from tests.services.telegram.conftest import NOW

INVOICE = Invoice("本", "良い本", "order-1", 100, subscription=False)
SECONDS = int(NOW.timestamp())


async def test_the_profile(bot_api):
    assert await bot_api.get_profile() == BotProfile(123456, "libral_bot")


async def test_a_sent_message(bot_api, api):
    sent = await bot_api.send_text(42, "<b>x</b>")
    assert (sent.chat_id, sent.message_id) == (42, 1)
    assert sent.time.tzinfo is not None
    assert api.calls_of("sendMessage")[0]["text"] == "<b>x</b>"


@pytest.mark.parametrize(("subscription", "period"), [(False, None), (True, "2592000")])
async def test_an_invoice(bot_api, api, subscription, period):
    invoice = Invoice("本", "良い本", "order-1", 100, subscription)
    assert await bot_api.create_invoice_link(invoice) == "https://t.me/$made-up"
    (call,) = api.calls_of("createInvoiceLink")
    assert (call["title"], call["payload"], call["currency"]) == ("本", "order-1", "XTR")
    assert json.loads(call["prices"]) == [{"label": "本", "amount": 100}]
    assert call.get("subscription_period") == period


async def test_a_repeated_refund_is_not_an_error_but_a_refused_one_is(bot_api, api):
    await bot_api.refund_stars(42, "charge-1")
    await bot_api.refund_stars(42, "charge-1")
    api.failures["refundStarPayment"] = (400, "Bad Request: CHARGE_NOT_FOUND")
    with pytest.raises(FailedPreconditionError, match="CHARGE_NOT_FOUND"):
        await bot_api.refund_stars(42, "charge-2")


async def test_transactions(bot_api, api):
    user = {"type": "user", "transaction_type": "invoice_payment", "user": botapi.make_user()}
    api.transactions = [
        {"id": "in", "amount": 5, "nanostar_amount": 7, "date": SECONDS, "source": user},
        {"id": "in", "amount": 5, "date": SECONDS, "receiver": user},
        {"id": "out", "amount": 9, "date": SECONDS, "receiver": {"type": "other"}},
    ]
    assert await bot_api.list_star_transactions(0, 2) == [
        StarTransaction("in", 5, 7, incoming=True, telegram_id=42, time=NOW),
        StarTransaction("in", 5, 0, incoming=False, telegram_id=42, time=NOW),
    ]
    (last,) = await bot_api.list_star_transactions(2, 2)
    assert last == StarTransaction("out", 9, 0, incoming=False, telegram_id=0, time=NOW)


@pytest.mark.parametrize(
    ("failure", "error", "reason"),
    [
        ((400, "Bad Request: x"), FailedPreconditionError, "TELEGRAM_REFUSED"),
        ((403, "Forbidden: x"), FailedPreconditionError, "TELEGRAM_REFUSED"),
        ((404, "Not Found"), FailedPreconditionError, "TELEGRAM_REFUSED"),
        ((401, "Unauthorized"), FailedPreconditionError, "BOT_TOKEN_REFUSED"),
        ((500, "Internal Server Error"), UnavailableError, "TELEGRAM_UNAVAILABLE"),
    ],
)
async def test_errors(bot_api, api, failure, error, reason):
    api.failures["getMe"] = failure
    with pytest.raises(error) as raised:
        await bot_api.get_profile()
    assert raised.value.reason == reason
    assert raised.value.localized


async def test_an_unreachable_bot_api():
    client = BotApi(BotSettings(botapi.TOKEN, botapi.SECRET, "http://127.0.0.1:9"))
    with pytest.raises(UnavailableError) as raised:
        await client.get_profile()
    await client.close()
    assert raised.value.reason == "TELEGRAM_UNAVAILABLE"
