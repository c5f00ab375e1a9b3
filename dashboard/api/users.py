"""Models of users and their counts."""

from dataclasses import dataclass
from datetime import datetime

from dashboard.api.fields import Json, read_integer, read_string, read_strings, read_time


@dataclass(frozen=True)
class User:
    """A user. `telegram_id` is None for an account without Telegram."""

    name: str
    login: str
    display_name: str
    roles: tuple[str, ...]
    state: str
    telegram_id: int | None
    telegram_username: str
    create_time: datetime | None
    last_seen_time: datetime | None

    @classmethod
    def parse(cls, found: Json) -> "User":
        return cls(
            name=read_string(found, "name"),
            login=read_string(found, "login"),
            display_name=read_string(found, "displayName"),
            roles=read_strings(found, "roles"),
            state=read_string(found, "state"),
            telegram_id=read_integer(found, "telegramId") or None,
            telegram_username=read_string(found, "telegramUsername"),
            create_time=read_time(found, "createTime"),
            last_seen_time=read_time(found, "lastSeenTime"),
        )


@dataclass(frozen=True)
class UserStats:
    """Counts of users."""

    total_count: int | None
    active_5m_count: int | None
    active_24h_count: int | None
    new_today_count: int | None

    @classmethod
    def parse(cls, found: Json) -> "UserStats":
        return cls(
            total_count=read_integer(found, "totalCount"),
            active_5m_count=read_integer(found, "active5mCount"),
            active_24h_count=read_integer(found, "active24hCount"),
            new_today_count=read_integer(found, "newTodayCount"),
        )
