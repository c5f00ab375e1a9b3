"""Settings of the users service."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.common.settings import Environment, SettingsError
from services.kernel.rpc.tokens import load_key


@dataclass(frozen=True)
class UsersSettings:
    """Settings of the users service. Without a bot token, sign-in with Telegram is refused."""

    token_key: Ed25519PrivateKey
    admin_password: str
    zone: ZoneInfo
    bot_token: str

    @classmethod
    def read(cls, environment: Environment) -> "UsersSettings":
        name = environment.text("LIBRAL_TIME_ZONE", "Asia/Tokyo")
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise SettingsError(f"LIBRAL_TIME_ZONE is {name!r}: no such time zone.") from None
        return cls(
            token_key=load_key("LIBRAL_TOKEN_KEY", environment.file_content("LIBRAL_TOKEN_KEY")),
            admin_password=environment.optional_text("LIBRAL_ADMIN_PASSWORD"),
            zone=zone,
            bot_token=environment.optional_text("TELEGRAM_BOT_TOKEN"),
        )
