import stat
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.api.http import GatewayError
from dashboard.sessions import SessionStore, SignedOutError


class FakeTokenGateway:
    """Returns numbered token pairs, or fails on request."""

    def __init__(self, lives: timedelta) -> None:
        self.lives = lives
        self.failure: GatewayError | None = None
        self.calls: list[tuple[str, dict]] = []

    async def post(self, path, token, body):
        self.calls.append((path, body))
        if self.failure is not None:
            raise self.failure
        number = len(self.calls)
        now = datetime.now(UTC)
        return {
            "accessToken": f"access-{number}",
            "expireTime": (now + self.lives).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "refreshToken": f"refresh-{number}",
            "refreshExpireTime": (now + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "user": {"name": "users/1", "displayName": "花子", "roles": ["OPERATOR"]},
        }


async def test_a_session_outlives_the_process_and_is_private(tmp_path):
    path = tmp_path / "sessions.json"
    sessions = SessionStore(FakeTokenGateway(timedelta(minutes=15)), path)
    session = await sessions.sign_in("hanako", "secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "secret" not in path.read_text().replace("secrets", "")
    again = SessionStore(FakeTokenGateway(timedelta(minutes=15)), path).find_session(session.id)
    assert again == session
    assert again.can_operate


async def test_a_token_is_renewed_before_it_ends():
    gateway = FakeTokenGateway(timedelta(seconds=30))
    sessions = SessionStore(gateway, None)
    session = await sessions.sign_in("hanako", "secret")
    assert await sessions.token(session) == "access-2"
    assert gateway.calls[-1] == ("/v1/auth:refresh", {"refreshToken": "refresh-1"})


async def test_a_session_that_was_revoked_ends():
    gateway = FakeTokenGateway(timedelta(seconds=30))
    sessions = SessionStore(gateway, None)
    session = await sessions.sign_in("hanako", "secret")
    gateway.failure = GatewayError(0, "GATEWAY_UNAVAILABLE", "")
    with pytest.raises(GatewayError):
        await sessions.token(session)
    assert sessions.find_session(session.id) is session
    gateway.failure = GatewayError(401, "TOKEN_INVALID", "")
    with pytest.raises(SignedOutError):
        await sessions.token(session)
    assert sessions.find_session(session.id) is None
