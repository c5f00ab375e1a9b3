from datetime import UTC, datetime

import pytest

from services.kernel.errors import InvalidArgumentError
from services.telegram.domain.bot import (
    BotProfile,
    BotState,
    BotStatus,
    Invoice,
    bot_unconfigured,
    check_invoice,
    check_message,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PROFILE = BotProfile(123456, "libral_bot")


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"title": ""}, ["invoice.title"]),
        ({"title": "x" * 33}, ["invoice.title"]),
        ({"description": "x" * 256}, ["invoice.description"]),
        ({"payload": "あ" * 43}, ["invoice.payload"]),
        ({"stars": 0}, ["invoice.stars"]),
        ({"stars": 10_001, "subscription": True}, ["invoice.stars"]),
        ({"title": "", "payload": ""}, ["invoice.title", "invoice.payload"]),
    ],
)
def test_an_invoice_that_telegram_would_refuse(changes, fields):
    terms = {
        "title": "本",
        "description": "良い本",
        "payload": "order-1",
        "stars": 10_000,
        "subscription": False,
    }
    check_invoice(Invoice(**terms))
    with pytest.raises(InvalidArgumentError) as error:
        check_invoice(Invoice(**(terms | changes)))
    assert [one.field for one in error.value.violations] == fields


@pytest.mark.parametrize(
    ("chat_id", "text", "fields"),
    [(0, "x", ["chat_id"]), (1, "", ["text"]), (1, "x" * 4097, ["text"])],
)
def test_a_message_that_telegram_would_refuse(chat_id, text, fields):
    check_message(-1, "x" * 4096)
    with pytest.raises(InvalidArgumentError) as error:
        check_message(chat_id, text)
    assert [one.field for one in error.value.violations] == fields


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (BotStatus(), BotState.UNSPECIFIED),
        (BotStatus(PROFILE, "", NOW), BotState.CONNECTED),
        (BotStatus(PROFILE, "x", NOW), BotState.UNREACHABLE),
        (BotStatus(None, "x", NOW), BotState.UNREACHABLE),
    ],
)
def test_the_state_is_that_of_the_last_check(status, state):
    assert status.state == state


def test_an_unconfigured_bot_names_its_setting():
    error = bot_unconfigured()
    assert error.reason == "BOT_UNCONFIGURED"
    assert "TELEGRAM_BOT_TOKEN" in error.message
