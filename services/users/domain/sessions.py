"""Sessions, their lifetimes and their tokens."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.kernel.errors import UnauthenticatedError
from services.users.domain.accounts import User, user_name

ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=30)


@dataclass(frozen=True)
class Session:
    """A signed-in client. `spent_hash` is the hash of its previous refresh token."""

    id: UUID
    user_id: UUID
    refresh_hash: bytes
    spent_hash: bytes | None
    create_time: datetime
    refresh_time: datetime
    expire_time: datetime

    @property
    def name(self) -> str:
        return f"sessions/{self.id}"

    @property
    def user(self) -> str:
        return user_name(self.user_id)

    def accepts_token(self, refresh_hash: bytes, user: User, now: datetime) -> bool:
        """True if a refresh token with this hash may renew the session."""
        return user.usable and self.expire_time > now and self.refresh_hash == refresh_hash


@dataclass(frozen=True)
class AccessToken:
    """A signed JWT and its expiry."""

    token: str
    expire_time: datetime


@dataclass(frozen=True)
class SignedIn:
    """The tokens of a client that signed in or renewed its session."""

    user: User
    access: AccessToken
    refresh_token: str
    refresh_expire_time: datetime


def session_over() -> UnauthenticatedError:
    return UnauthenticatedError(
        "SESSION_OVER", "The session is over.", localized="サインインし直してください。"
    )
