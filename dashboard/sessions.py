"""Sessions of signed-in operators. The browser holds an opaque id; tokens stay on the server."""

import asyncio
import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dashboard.api import auth
from dashboard.api.fields import parse_time
from dashboard.api.http import UNAUTHENTICATED, GatewayError, GatewayHttp

COOKIE = "libral_session"
SESSIONS_MAX = 1000
RENEW_BEFORE = timedelta(seconds=60)
OPERATORS = frozenset({"OPERATOR", "ADMIN"})
READERS = OPERATORS | {"VIEWER"}


class SignedOutError(Exception):
    """The session has ended. The operator has to sign in again."""


@dataclass
class OperatorSession:
    """A signed-in operator and the tokens of the gateway."""

    id: str
    user: str
    display_name: str = ""
    roles: list[str] = field(default_factory=list[str])
    access_token: str = ""
    expire_time: str = ""
    refresh_token: str = ""
    refresh_expire_time: str = ""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock, compare=False, repr=False)

    @property
    def can_operate(self) -> bool:
        return bool(OPERATORS & set(self.roles))

    def set_tokens(self, pair: auth.TokenPair) -> None:
        """Replace the tokens, roles and display name by those of a new pair."""
        self.access_token = pair.access_token
        self.expire_time = pair.expire_time
        self.refresh_token = pair.refresh_token
        self.refresh_expire_time = pair.refresh_expire_time
        self.roles = list(pair.roles)
        self.display_name = pair.display_name


class SessionStore:
    """The sessions of all browsers, stored in a file (mode 0600) if there is a path."""

    def __init__(self, http: GatewayHttp, path: Path | None) -> None:
        self.http = http
        self._path = path
        self._known: dict[str, OperatorSession] = load_sessions(path)

    def find_session(self, session_id: str | None) -> OperatorSession | None:
        session = self._known.get(session_id or "")
        if session is not None and is_expired(session.refresh_expire_time):
            self.forget(session)
            return None
        return session

    async def sign_in(self, login: str, password: str) -> OperatorSession:
        """Sign an operator in.

        Raises:
            GatewayError: The credentials are wrong, there were too many attempts, or there is no
                response.
        """
        pair = await auth.login(self.http, login, password)
        session = OperatorSession(id=secrets.token_urlsafe(32), user=pair.user)
        session.set_tokens(pair)
        self._drop_oldest()
        self._known[session.id] = session
        self._save()
        return session

    async def sign_out(self, session: OperatorSession) -> None:
        self.forget(session)
        with suppress(GatewayError):
            await auth.logout(self.http, session.refresh_token)

    async def token(self, session: OperatorSession) -> str:
        """Return an access token that is valid for at least a minute.

        Raises:
            SignedOutError: The session has ended.
            GatewayError: The gateway does not respond.
        """
        async with session.lock:
            if session.id not in self._known:
                raise SignedOutError
            if not is_expired(session.expire_time, RENEW_BEFORE):
                return session.access_token
            try:
                session.set_tokens(await auth.refresh(self.http, session.refresh_token))
            except GatewayError as error:
                if error.status != UNAUTHENTICATED:
                    raise
                self.forget(session)
                raise SignedOutError from None
            self._save()
            return session.access_token

    def forget(self, session: OperatorSession) -> None:
        if self._known.pop(session.id, None) is not None:
            self._save()

    def _drop_oldest(self) -> None:
        while len(self._known) >= SESSIONS_MAX:
            del self._known[next(iter(self._known))]

    def _save(self) -> None:
        if self._path is None:
            return
        kept = [
            {f.name: getattr(one, f.name) for f in fields(one) if f.name != "lock"}
            for one in self._known.values()
        ]
        new = self._path.with_suffix(".new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123 - sets the mode
            json.dump(kept, file)
        new.replace(self._path)


def load_sessions(path: Path | None) -> dict[str, OperatorSession]:
    """Return the sessions that the previous process saved, or none if the file is unreadable."""
    try:
        kept: list[dict[str, Any]] = json.loads(path.read_text()) if path is not None else []
        return {one["id"]: OperatorSession(**one) for one in kept}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def is_expired(time: str, margin: timedelta = timedelta()) -> bool:
    end = parse_time(time)
    return end is None or datetime.now(UTC) > end - margin
