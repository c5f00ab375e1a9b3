from datetime import UTC, datetime, timedelta

import pytest

from services.kernel.errors import InvalidArgumentError
from services.telegram.adapters.update_reader import UpdateReader, to_time
from services.telegram.domain.chat import (
    BotCommand,
    MessageSender,
    PreCheckoutQuery,
    RefundedPayment,
    SuccessfulPayment,
)
from tests.fakes import botapi
from tests.services.telegram.conftest import NOW


@pytest.fixture
def reader(bot_api) -> UpdateReader:
    return UpdateReader(bot_api.bot)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("/start", BotCommand.START),
        ("/start deep-link", BotCommand.START),
        ("/start@libral_bot", BotCommand.START),
        ("/start@LIBRAL_BOT", BotCommand.START),
        ("/start@other_bot", None),
        ("/status", BotCommand.STATUS),
        ("/status now", BotCommand.STATUS),
        ("/status@other_bot", None),
        ("/started", None),
        ("/help", None),
        ("start", None),
        ("こんにちは", None),
    ],
)
async def test_commands(reader, text, content):
    message = await reader.read_update(botapi.command_update(1, text))
    assert message.content == content


async def test_a_message_has_chat_sender_and_time(reader):
    message = await reader.read_update(
        botapi.message_update(1, 7, text="x", date=int(NOW.timestamp()))
    )
    assert (message.chat_id, message.time, message.content) == (7, NOW, None)
    assert message.sender == MessageSender(7, "花子 山田", "user7", "ja", is_bot=False)


async def test_optional_fields_of_a_sender(reader):
    update = botapi.message_update(1, text="x")
    update["message"]["from"] = {"id": 7, "is_bot": True, "first_name": "B"}
    assert (await reader.read_update(update)).sender == MessageSender(7, "B", "", "", is_bot=True)
    del update["message"]["from"]
    assert (await reader.read_update(update)).sender is None


async def test_a_payment(reader):
    expire = NOW + timedelta(days=30)
    update = botapi.payment_update(
        1,
        "charge-1",
        100,
        is_recurring=True,
        is_first_recurring=True,
        subscription_expiration_date=int(expire.timestamp()),
    )
    assert (await reader.read_update(update)).content == SuccessfulPayment(
        "XTR", 100, "charge-1", "", "order-1", expire, recurring=True, first_recurring=True
    )
    update = botapi.payment_update(
        2, "charge-2", 500, currency="JPY", provider_payment_charge_id="p"
    )
    assert (await reader.read_update(update)).content == SuccessfulPayment(
        "JPY", 500, "charge-2", "p", "order-1"
    )


async def test_a_refund(reader):
    message = await reader.read_update(botapi.refund_update(1, "charge-1", 100))
    assert message.content == RefundedPayment("XTR", 100, "charge-1")


async def test_a_pre_checkout_query(reader):
    assert await reader.read_update(botapi.pre_checkout_update(1)) == PreCheckoutQuery(
        "query-1", 100, "order-1"
    )


@pytest.mark.parametrize("kind", ["something_new", "edited_message", "channel_post"])
async def test_other_kinds_are_not_handled(reader, kind):
    update = botapi.message_update(1, text="/start")
    update[kind] = update.pop("message")
    assert await reader.read_update(update) is None


async def test_a_malformed_update_names_its_field(reader):
    with pytest.raises(InvalidArgumentError) as failure:
        await reader.read_update(
            {"update_id": 1, "message": {"message_id": "x", "chat": {"id": 42}}}
        )
    assert failure.value.violations[0].field.startswith("message.")


@pytest.mark.parametrize("given", [NOW, int(NOW.timestamp())])
def test_dates_are_numbers_or_datetimes(given):
    assert to_time(given) == datetime(2026, 1, 1, tzinfo=UTC)
    assert to_time(None) is None
