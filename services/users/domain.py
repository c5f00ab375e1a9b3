"""The rules of accounts: what is valid, who may sign in, what a token says."""

import hashlib
import hmac
import re
import secrets
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl
from uuid import UUID
from zoneinfo import ZoneInfo

from services.kernel.errors import (
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
    ResourceExhaustedError,
    UnauthenticatedError,
)

ROLES = frozenset({"USER", "CREATOR", "STREAMER", "VIEWER", "OPERATOR", "ADMIN"})
ADMIN = "ADMIN"
ACTIVE, SUSPENDED = "ACTIVE", "SUSPENDED"
LOGIN = re.compile(r"[a-z0-9._-]{3,64}")
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
SCOPE = re.compile(r"[a-z]+\.(read|write)")
DISPLAY_NAME_MAX = 100
PASSWORD_MIN, PASSWORD_MAX = 12, 128
ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=30)
INIT_DATA_LIFE = timedelta(minutes=5)
ATTEMPTS_MAX = 10
ATTEMPTS_WINDOW = timedelta(minutes=1)
LOGINS_REMEMBERED = 10_000
SCOPES_MAX = 20


@dataclass(frozen=True)
class User:
    """An account."""

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
        return self.state == ACTIVE and self.delete_time is None

    @property
    def name(self) -> str:
        return f"users/{self.id}"

    @property
    def etag(self) -> str:
        return str(self.version)


@dataclass(frozen=True)
class Purchase:
    """What a user bought in one currency. Amounts are in its minor units."""

    user_id: UUID
    currency: str
    payment_count: int = 0
    refund_count: int = 0
    paid_amount: int = 0
    refunded_amount: int = 0


def check_profile(
    *,
    login: str = "",
    display_name: str = "",
    roles: Sequence[str] = (),
    language_code: str = "",
    prefix: str = "user.",
) -> None:
    """Checks the fields that are given.

    Raises:
        InvalidArgumentError: With every field that breaks a rule.
    """
    found: list[FieldViolation] = []
    if login and not LOGIN.fullmatch(login):
        found.append(
            FieldViolation(f"{prefix}login", "Use 3 to 64 of a-z, 0-9, dot, dash and underscore.")
        )
    if len(display_name) > DISPLAY_NAME_MAX or not display_name.isprintable():
        found.append(
            FieldViolation(f"{prefix}display_name", "Use at most 100 printable characters.")
        )
    if set(roles) - ROLES:
        found.append(FieldViolation(f"{prefix}roles", "An account cannot hold this role."))
    if language_code and not LANGUAGE.fullmatch(language_code):
        found.append(FieldViolation(f"{prefix}language_code", "It is no BCP 47 language tag."))
    if found:
        raise InvalidArgumentError(found)


def password_violations(password: str, field: str) -> list[FieldViolation]:
    if PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        return []
    return [FieldViolation(field, f"Use {PASSWORD_MIN} to {PASSWORD_MAX} characters.")]


def check_api_key(
    display_name: str, scopes: Sequence[str], expires: datetime | None, now: datetime
) -> None:
    found: list[FieldViolation] = []
    if not 0 < len(display_name) <= DISPLAY_NAME_MAX or not display_name.isprintable():
        found.append(FieldViolation("api_key.display_name", "Use 1 to 100 printable characters."))
    if not 0 < len(scopes) <= SCOPES_MAX or not all(map(SCOPE.fullmatch, scopes)):
        found.append(FieldViolation("api_key.scopes", "Give 1 to 20 scopes such as payments.read."))
    if expires is not None and expires <= now:
        found.append(FieldViolation("api_key.expire_time", "It is in the past."))
    if found:
        raise InvalidArgumentError(found)


def start_of_today(now: datetime, zone: ZoneInfo) -> datetime:
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def new_secret(prefix: str = "") -> str:
    """Makes a secret of 256 bits."""
    return prefix + secrets.token_urlsafe(32)


def secret_hash(secret: str) -> bytes:
    """Hashes a secret of 256 bits. Such a secret cannot be guessed, so one round is enough."""
    return hashlib.sha256(secret.encode()).digest()


def last_admin() -> FailedPreconditionError:
    return FailedPreconditionError(
        "LAST_ADMIN",
        "This is the last admin: make another one first.",
        localized="最後の管理者です。先に別の管理者を登録してください。",
    )


def wrong_credentials() -> UnauthenticatedError:
    return UnauthenticatedError(
        "CREDENTIALS_INVALID",
        "The login or the password is wrong.",
        localized="ユーザー名またはパスワードが正しくありません。",
    )


def session_over() -> UnauthenticatedError:
    return UnauthenticatedError(
        "SESSION_OVER", "The session is over.", localized="サインインし直してください。"
    )


class Attempts:
    """Failed sign-ins by login: at most 10 a minute, of at most 10,000 logins."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[datetime]] = OrderedDict()

    def check(self, login: str, now: datetime) -> None:
        """Refuses a login that failed too often lately."""
        times = self._failures.get(login, deque())
        while times and times[0] <= now - ATTEMPTS_WINDOW:
            times.popleft()
        if len(times) >= ATTEMPTS_MAX:
            raise ResourceExhaustedError(
                "TOO_MANY_ATTEMPTS",
                "Too many failed sign-ins: try again in a minute.",
                localized="サインインの失敗が続いたため、1分後に再度お試しください。",
            )

    def fail(self, login: str, now: datetime) -> None:
        self._failures.setdefault(login, deque(maxlen=ATTEMPTS_MAX)).append(now)
        self._failures.move_to_end(login)
        if len(self._failures) > LOGINS_REMEMBERED:
            self._failures.popitem(last=False)


def check_init_data(init_data: str, bot_token: str, now: datetime) -> dict[str, str]:
    """Verifies the init data of a Mini App (Bot API, "Validating data received via the Mini App").

    Raises:
        UnauthenticatedError: The signature is wrong, or it is older than 5 minutes.
    """
    fields = dict(parse_qsl(init_data, keep_blank_values=True))
    given = fields.pop("hash", "")
    text = "\n".join(f"{key}={fields[key]}" for key in sorted(fields))
    key = hmac.new(b"WebAppData", bot_token.encode(), hashlib.sha256).digest()
    expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    issued = fields.get("auth_date", "")
    fresh = (
        issued.isdigit() and abs(now.timestamp() - int(issued)) <= INIT_DATA_LIFE.total_seconds()
    )
    if not hmac.compare_digest(expected, given) or not fresh:
        raise UnauthenticatedError(
            "INIT_DATA_INVALID",
            "The init data is not valid or too old.",
            localized="Telegramの認証情報を確認できません。",
        )
    return fields
