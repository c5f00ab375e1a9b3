"""Settings of the payments service."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.common.settings import Environment, SettingsError


@dataclass(frozen=True)
class PaymentsSettings:
    """Settings of the payments service."""

    telegram_target: str
    zone: ZoneInfo

    @classmethod
    def read(cls, environment: Environment) -> "PaymentsSettings":
        name = environment.text("LIBRAL_TIME_ZONE", "Asia/Tokyo")
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise SettingsError(f"LIBRAL_TIME_ZONE is {name!r}: no such time zone.") from None
        return cls(telegram_target=environment.address("LIBRAL_TELEGRAM_TARGET"), zone=zone)
