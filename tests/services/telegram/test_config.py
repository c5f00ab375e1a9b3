import pytest

from services.common.settings import Environment, SettingsError
from services.telegram.config import TelegramSettings

TARGETS = {"LIBRAL_PAYMENTS_TARGET": "127.0.0.1:1", "LIBRAL_METRICS_TARGET": "127.0.0.1:2"}
TOKEN = "123456:abcdefghijklmnopqrstuvwxyz012345678"


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


def test_a_configured_bot():
    bot = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_WEBHOOK_SECRET": "a-secret-of-the-webhook"}
    settings = TelegramSettings.read(Environment(TARGETS | bot)).bot
    assert (settings.token, settings.webhook_secret) == (TOKEN, "a-secret-of-the-webhook")
    assert settings.api_base == "https://api.telegram.org"
    other = bot | {"TELEGRAM_API_BASE": "http://127.0.0.1:8082"}
    settings = TelegramSettings.read(Environment(TARGETS | other)).bot
    assert settings.api_base == "http://127.0.0.1:8082"
