"""Settings of the telegram service."""

import re
from dataclasses import dataclass

from services.common.settings import Environment, SettingsError

TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{20,100}")
SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")
API_BASE = "https://api.telegram.org"


@dataclass(frozen=True)
class BotSettings:
    """Token of the bot, secret of its webhook, and base URL of the Bot API."""

    token: str
    webhook_secret: str
    api_base: str


@dataclass(frozen=True)
class TelegramSettings:
    """Settings of the telegram service. `bot` is None without a bot token."""

    payments_target: str
    metrics_target: str
    bot: BotSettings | None

    @classmethod
    def read(cls, environment: Environment) -> "TelegramSettings":
        return cls(
            payments_target=environment.address("LIBRAL_PAYMENTS_TARGET"),
            metrics_target=environment.address("LIBRAL_METRICS_TARGET"),
            bot=read_bot(environment),
        )


def read_bot(environment: Environment) -> BotSettings | None:
    token = environment.optional_text("TELEGRAM_BOT_TOKEN")
    if not token:
        return None
    if not TOKEN.fullmatch(token):
        raise SettingsError(
            "TELEGRAM_BOT_TOKEN is not a bot token. A token of BotFather looks like 123456:ABC…."
        )
    secret = environment.text("TELEGRAM_WEBHOOK_SECRET")
    if not SECRET.fullmatch(secret):
        raise SettingsError(
            "TELEGRAM_WEBHOOK_SECRET must be 16 to 256 of the characters A-Z, a-z, 0-9, _ and -."
        )
    base = environment.optional_url("TELEGRAM_API_BASE", ("https", "http")) or API_BASE
    return BotSettings(token, secret, base)
