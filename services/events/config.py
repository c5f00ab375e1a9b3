"""Settings of the events service."""

from dataclasses import dataclass
from pathlib import Path

from services.common.settings import Environment, SettingsError

RETENTION = "LIBRAL_EVENTS_RETENTION_MONTHS"
CHAT = "TELEGRAM_CHECKPOINT_CHAT_ID"
MONTHS_MAX = 1200


@dataclass(frozen=True)
class EventsSettings:
    """Settings of the events service.

    `checkpoints` is the folder of checkpoint files and `checkpoint_chat` the chat that
    checkpoints are sent to; None disables the channel. `retention_months` is the number of
    whole months that events are kept for; None keeps them forever.
    """

    redis_url: str
    telegram_target: str | None
    checkpoints: Path | None
    checkpoint_chat: int | None
    retention_months: int | None

    @classmethod
    def read(cls, environment: Environment) -> "EventsSettings":
        folder = environment.optional_text("LIBRAL_CHECKPOINTS")
        chat = environment.optional_text(CHAT)
        if chat and not chat.removeprefix("-").isdigit():
            raise SettingsError(f"{CHAT} is {chat!r}: it must be a numeric chat id.")
        return cls(
            redis_url=environment.url("REDIS_URL", ("redis", "rediss", "unix")),
            telegram_target=environment.optional_address("LIBRAL_TELEGRAM_TARGET"),
            checkpoints=Path(folder) if folder else None,
            checkpoint_chat=int(chat) if chat else None,
            retention_months=read_months(environment.optional_text(RETENTION)),
        )


def read_months(text: str) -> int | None:
    if not text:
        return None
    if not text.isdigit() or not 0 < int(text) <= MONTHS_MAX:
        raise SettingsError(f"{RETENTION} is {text!r}: it must be 1 to {MONTHS_MAX} months.")
    return int(text)
