"""Sign-in calls of the gateway, which need no access token, and the tokens they return."""

from dataclasses import dataclass

from dashboard.api.fields import Json, read_message, read_string, read_strings
from dashboard.api.http import GatewayHttp


@dataclass(frozen=True)
class TokenPair:
    """An access token, the refresh token that renews it, and their user."""

    access_token: str
    expire_time: str
    refresh_token: str
    refresh_expire_time: str
    user: str
    display_name: str
    roles: tuple[str, ...]

    @classmethod
    def parse(cls, found: Json) -> "TokenPair":
        user = read_message(found, "user")
        return cls(
            access_token=read_string(found, "accessToken"),
            expire_time=read_string(found, "expireTime"),
            refresh_token=read_string(found, "refreshToken"),
            refresh_expire_time=read_string(found, "refreshExpireTime"),
            user=read_string(user, "name"),
            display_name=read_string(user, "displayName"),
            roles=read_strings(user, "roles"),
        )


async def login(http: GatewayHttp, user_name: str, password: str) -> TokenPair:
    """Sign in with a password.

    Raises:
        GatewayError: The gateway refused the credentials or did not respond.
    """
    body = {"login": user_name, "password": password}
    return TokenPair.parse(await http.post("/v1/auth:login", "", body))


async def refresh(http: GatewayHttp, refresh_token: str) -> TokenPair:
    """Return a new pair for a refresh token. Raise GatewayError as `login` does."""
    body = {"refreshToken": refresh_token}
    return TokenPair.parse(await http.post("/v1/auth:refresh", "", body))


async def logout(http: GatewayHttp, refresh_token: str) -> None:
    """End the session of a refresh token. Raise GatewayError as `login` does."""
    await http.post("/v1/auth:logout", "", {"refreshToken": refresh_token})
