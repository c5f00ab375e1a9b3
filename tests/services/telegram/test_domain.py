import pytest

from services.common.settings import Environment, SettingsError
from services.kernel.errors import InvalidArgumentError, UnauthenticatedError
from services.telegram import domain
from services.telegram.config import TelegramSettings

TARGETS = {"LIBRAL_PAYMENTS_TARGET": "127.0.0.1:1", "LIBRAL_METRICS_TARGET": "127.0.0.1:2"}
TOKEN = "123456:abcdefghijklmnopqrstuvwxyz012345678"


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"", "body"),
        (b"no json", "body"),
        (b"[1]", "body"),
        (b"[" * 100_000, "body"),
        (b"{}", "update_id"),
        (b'{"update_id": "1"}', "update_id"),
        (b'{"update_id": true}', "update_id"),
        (b'{"update_id": -1}', "update_id"),
        (b'{"update_id": 99999999999999999999}', "update_id"),
        (b'{"update_id": 1, "message": {"text": "a\\u0000b"}}', "body"),
        (b'{"update_id": 1, "x": "' + b"a" * domain.UPDATE_BYTES_MAX + b'"}', "body"),
    ],
)
def test_an_update_that_is_none(content, field):
    with pytest.raises(InvalidArgumentError) as error:
        domain.parse_update(content)
    assert error.value.violations[0].field == field


def test_an_update_names_its_kind_and_whose_order_it_keeps():
    update = domain.parse_update(b'{"update_id": 5, "message": {"chat": {"id": -7}}}')
    assert (update.id, update.kind, update.chat) == (5, "message", -7)
    question = domain.parse_update(b'{"pre_checkout_query": {"from": {"id": 8}}, "update_id": 6}')
    assert (question.kind, question.chat) == ("pre_checkout_query", 8)
    assert domain.parse_update(b'{"update_id": 7, "poll": {"id": "x"}}').chat == 0


@pytest.mark.parametrize("given", ["", "wrong", "sécret"])
def test_a_forged_secret(given):
    with pytest.raises(UnauthenticatedError):
        domain.check_secret(given, "right")


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
    domain.check_invoice(**terms)
    with pytest.raises(InvalidArgumentError) as error:
        domain.check_invoice(**(terms | changes))
    assert [one.field for one in error.value.violations] == fields


def test_without_a_token_there_is_no_bot():
    assert TelegramSettings.read(Environment(TARGETS)).bot is None


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"TELEGRAM_BOT_TOKEN": "nonsense"}, "TELEGRAM_BOT_TOKEN"),
        ({"TELEGRAM_BOT_TOKEN": TOKEN}, "TELEGRAM_WEBHOOK_SECRET"),
        (
            {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_WEBHOOK_SECRET": "short"},
            "TELEGRAM_WEBHOOK_SECRET",
        ),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_not_shown(variables, named):
    with pytest.raises(SettingsError, match=named) as error:
        TelegramSettings.read(Environment(TARGETS | variables))
    assert "nonsense" not in str(error.value)
