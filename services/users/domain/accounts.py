"""Accounts: their types, validation and filters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from services.kernel.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
    invalid,
)
from services.users.domain.credentials import password_violations

ROLES = frozenset({"USER", "CREATOR", "STREAMER", "VIEWER", "OPERATOR", "ADMIN"})
ADMIN = "ADMIN"
ACTIVE, SUSPENDED, DELETED = "ACTIVE", "SUSPENDED", "DELETED"
LOGIN = re.compile(r"[a-z0-9._-]{3,64}")
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
DISPLAY_NAME_MAX = 100


@dataclass(frozen=True)
class User:
    """An account. `state` is ACTIVE or SUSPENDED. A deleted account has a `delete_time`."""

    id: UUID
    login: str | None
    password_hash: str | None
    display_name: str
    roles: Sequence[str]
    state: str
    telegram_id: int | None
    telegram_username: str
    language_code: str
    create_time: datetime
    update_time: datetime
    delete_time: datetime | None
    last_seen_time: datetime | None
    version: int

    @property
    def usable(self) -> bool:
        """True if the account can sign in."""
        return self.state == ACTIVE and self.delete_time is None

    @property
    def public_state(self) -> str:
        """The state in the contract: DELETED, or else the stored state."""
        return self.state if self.delete_time is None else DELETED

    @property
    def name(self) -> str:
        return user_name(self.id)

    @property
    def etag(self) -> str:
        return str(self.version)


@dataclass(frozen=True)
class NewUser:
    """An account to create. Empty text means unset; `password` is in plain text."""

    login: str = ""
    password: str = ""
    display_name: str = ""
    roles: Sequence[str] = ("USER",)
    telegram_id: int | None = None
    telegram_username: str = ""
    language_code: str = ""


@dataclass(frozen=True)
class TelegramProfile:
    """A Telegram user's id and public profile."""

    telegram_id: int
    display_name: str = ""
    telegram_username: str = ""
    language_code: str = ""


class UserChanges(TypedDict, total=False):
    """The fields of an account to change, with their new values."""

    display_name: str
    roles: Sequence[str]
    language_code: str
    state: str


@dataclass(frozen=True)
class UserFilter:
    """Which users to list. Empty text matches all."""

    query: str = ""
    role: str = ""
    state: str = ""
    deleted: bool = False
    show_deleted: bool = False


@dataclass(frozen=True)
class UserCounts:
    """Counts of users that are not deleted."""

    total: int
    active_5m: int
    active_24h: int
    new_today: int


def user_name(user_id: UUID) -> str:
    return f"users/{user_id}"


def check_profile(
    *,
    login: str = "",
    display_name: str = "",
    roles: Sequence[str] = (),
    language_code: str = "",
) -> None:
    """Check the fields that are given.

    Raises:
        InvalidArgumentError: With every field that breaks a rule.
    """
    found: list[FieldViolation] = []
    if login and not LOGIN.fullmatch(login):
        found.append(
            FieldViolation("user.login", "Use 3 to 64 of a-z, 0-9, dot, dash and underscore.")
        )
    if len(display_name) > DISPLAY_NAME_MAX or not display_name.isprintable():
        found.append(FieldViolation("user.display_name", "Use at most 100 printable characters."))
    if set(roles) - ROLES:
        found.append(FieldViolation("user.roles", "An account cannot hold this role."))
    if language_code and not LANGUAGE.fullmatch(language_code):
        found.append(FieldViolation("user.language_code", "It is not a BCP 47 language tag."))
    if found:
        raise InvalidArgumentError(found)


def check_new_user(user: NewUser) -> None:
    """Check all fields of an account to create.

    Raises:
        InvalidArgumentError: With every field that breaks a rule.
    """
    violations: list[FieldViolation] = []
    try:
        check_profile(
            login=user.login,
            display_name=user.display_name,
            roles=user.roles,
            language_code=user.language_code,
        )
    except InvalidArgumentError as error:
        violations += error.violations
    if user.password:
        violations += password_violations(user.password, "password")
        if not user.login:
            violations.append(FieldViolation("user.login", "A password needs a login."))
    if violations:
        raise InvalidArgumentError(violations)


def check_changes(changes: UserChanges) -> None:
    """Check the fields to change.

    Raises:
        InvalidArgumentError: With every field that breaks a rule.
    """
    check_profile(
        display_name=changes.get("display_name", ""),
        roles=changes.get("roles", ()),
        language_code=changes.get("language_code", ""),
    )
    if changes.get("state", ACTIVE) not in {ACTIVE, SUSPENDED}:
        raise invalid("user.state", "Only ACTIVE and SUSPENDED can be set.")


def loses_admin(user: User, changes: UserChanges) -> bool:
    """True if the changes would take away the ADMIN role or suspend a usable admin."""
    if ADMIN not in user.roles or not user.usable:
        return False
    return ADMIN not in changes.get("roles", user.roles) or changes.get("state") == SUSPENDED


def start_of_today(now: datetime, zone: ZoneInfo) -> datetime:
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def last_admin() -> FailedPreconditionError:
    return FailedPreconditionError(
        "LAST_ADMIN",
        "This is the last admin: create another one first.",
        localized="最後の管理者です。先に別の管理者を登録してください。",
    )


def user_exists() -> AlreadyExistsError:
    return AlreadyExistsError(
        "USER_EXISTS",
        "There is a user with this login or Telegram id.",
        localized="同じユーザー名またはTelegram IDのユーザーがすでにいます。",
    )
