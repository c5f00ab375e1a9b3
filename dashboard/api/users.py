"""Models of users and their counts."""

from dataclasses import dataclass
from datetime import datetime

from dashboard.api.fields import Json, integer, string, strings, time


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
            name=string(found, "name"),
            login=string(found, "login"),
            display_name=string(found, "displayName"),
            roles=strings(found, "roles"),
            state=string(found, "state"),
            telegram_id=integer(found, "telegramId") or None,
            telegram_username=string(found, "telegramUsername"),
            create_time=time(found, "createTime"),
            last_seen_time=time(found, "lastSeenTime"),
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
            total_count=integer(found, "totalCount"),
            active_5m_count=integer(found, "active5mCount"),
            active_24h_count=integer(found, "active24hCount"),
            new_today_count=integer(found, "newTodayCount"),
        )
