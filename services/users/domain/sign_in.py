"""Sign-in: a limit on failures, and the signature check of a Telegram Mini App."""

import hashlib
import hmac
import json
import re
from collections import OrderedDict, deque
from datetime import datetime, timedelta
from math import inf
from urllib.parse import parse_qsl

from services.kernel.errors import (
    FailedPreconditionError,
    ResourceExhaustedError,
    UnauthenticatedError,
)
from services.users.domain.accounts import TelegramProfile

SECONDS = re.compile(r"[0-9]{1,12}")
INIT_DATA_LIFE = timedelta(minutes=5)
ATTEMPTS_MAX = 10
ATTEMPTS_WINDOW = timedelta(minutes=1)
LOGINS_MAX = 10_000


class FailedSignIns:
    """Failed sign-ins by login: at most 10 a minute. At most 10,000 logins are tracked."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[datetime]] = OrderedDict()

    def check_limit(self, login: str, now: datetime) -> None:
        """Return if the login may sign in.

        Raises:
            ResourceExhaustedError: It failed 10 times in the last minute.
        """
        times = self._failures.get(login, deque())
        while times and times[0] <= now - ATTEMPTS_WINDOW:
            times.popleft()
        if len(times) >= ATTEMPTS_MAX:
            raise ResourceExhaustedError(
                "TOO_MANY_ATTEMPTS",
                "Too many failed sign-ins: try again in a minute.",
                localized="サインインの失敗が続いています。1分後にもう一度お試しください。",
            )

    def record_failure(self, login: str, now: datetime) -> None:
        """Count a failed sign-in."""
        self._failures.setdefault(login, deque(maxlen=ATTEMPTS_MAX)).append(now)
        self._failures.move_to_end(login)
        if len(self._failures) > LOGINS_MAX:
            self._failures.popitem(last=False)


def check_init_data(init_data: str, bot_token: str, now: datetime) -> dict[str, str]:
    """Verify the init data of a Mini App and return its fields.

    The check is that of the Bot API, "Validating data received via the Mini App".

    Raises:
        UnauthenticatedError: The signature is wrong, or the data is older than 5 minutes.
    """
    fields = dict(parse_qsl(init_data, keep_blank_values=True))
    given = fields.pop("hash", "")
    text = "\n".join(f"{key}={fields[key]}" for key in sorted(fields))
    key = hmac.new(b"WebAppData", bot_token.encode(), hashlib.sha256).digest()
    expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    issued = fields.get("auth_date", "")
    age = abs(now.timestamp() - int(issued)) if SECONDS.fullmatch(issued) else inf
    fresh = age <= INIT_DATA_LIFE.total_seconds()
    if not hmac.compare_digest(expected.encode(), given.encode()) or not fresh:
        raise UnauthenticatedError(
            "INIT_DATA_INVALID",
            "The init data is not valid or too old.",
            localized="Telegramの認証情報を確認できません。",
        )
    return fields


def read_profile(fields: dict[str, str]) -> TelegramProfile:
    """Return the user of verified init data.

    Raises:
        UnauthenticatedError: The init data names no user.
    """
    try:
        user = json.loads(fields["user"])
        names = (user.get("first_name", ""), user.get("last_name", ""))
        return TelegramProfile(
            telegram_id=int(user["id"]),
            display_name=" ".join(name for name in names if name),
            telegram_username=user.get("username", ""),
            language_code=user.get("language_code", ""),
        )
    except (KeyError, ValueError, TypeError):
        raise UnauthenticatedError("INIT_DATA_INVALID", "The init data names no user.") from None


def wrong_credentials() -> UnauthenticatedError:
    return UnauthenticatedError(
        "CREDENTIALS_INVALID",
        "The login or the password is wrong.",
        localized="ユーザー名またはパスワードが正しくありません。",
    )


def bot_unconfigured() -> FailedPreconditionError:
    return FailedPreconditionError(
        "BOT_UNCONFIGURED", "No bot is configured.", localized="Telegramボットが未設定です。"
    )
